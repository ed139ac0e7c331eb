"""Root fields that find one thing by its global id."""

from collections.abc import Awaitable
from typing import Annotated, Any

import strawberry
from graphql import GraphQLResolveInfo

from loaders.loader import Loader
from schema.context import Context, Info
from schema.directives import Guard
from schema.fields import described
from schema.node import read_id

IdAsked = Annotated[strawberry.ID, strawberry.argument(description="Its global id.")]


def lookup(loader: type[Loader[int, Any]], type_name: str, description: str, *, guard: Guard | None = None) -> Any:
    """The row with this id; null where there is none or the viewer may not see it."""

    def resolve(info: Info, id: IdAsked) -> Awaitable[Any]:
        return info.context.loaders.get(loader).load(read_id(type_name, id))

    def batch(roots: list[None], info: GraphQLResolveInfo[Context], id: str) -> Awaitable[list[Any]]:
        return info.context.loaders.get(loader).load_level([read_id(type_name, id)] * len(roots))

    return described(description, guard=guard, resolver=resolve, metadata={"batch": batch})
