"""What mutations of a user give."""

import strawberry

from domain.refusal import Problem
from loaders.identity.users import UserById
from schema.answers import Answer, Payload
from schema.fields import relation
from schema.identity.users import User


@strawberry.type
class UserPayload(Payload):
    user: User | None = relation(UserById, "user_id", "The user, as she is now.")


def answer_of(problem: Problem | None, **done: object) -> Answer:
    """What was done; or a problem that is committed with what was noted of it, and so is no refusal."""
    if problem is None:
        return Answer(done)
    return Answer(user_errors=[{"code": problem.code, "message": problem.message, "field": problem.field}])
