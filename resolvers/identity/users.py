"""Finding people, and oneself."""

from collections.abc import Awaitable
from typing import Any

import strawberry
from graphql import GraphQLResolveInfo

from loaders.identity.users import UserById
from schema.context import Context, Info
from schema.directives import RequiresScopes
from schema.fields import described, relation
from schema.identity.filters import ask_users
from schema.identity.users import User
from schema.paging import Connection


async def find_me(info: Info) -> Any:
    (user,) = await info.context.loaders.get(UserById).load_level([info.context.viewer.user_id])
    return user


def find_me_in_batch(roots: list[None], info: GraphQLResolveInfo[Context]) -> Awaitable[list[Any]]:
    return info.context.loaders.get(UserById).load_level([info.context.viewer.user_id] * len(roots))


@strawberry.type
class UserQueries:
    me: User | None = described(
        "Who asks; null for nobody, and for an application that acts for nobody.",
        resolver=find_me,
        metadata={"batch": find_me_in_batch},
    )
    users: Connection[User] | None = relation(
        ask_users,
        None,
        "The people who sign in, by name.",
        guard=RequiresScopes(scopes=[["user:read"], ["user:admin"]]),
    )
