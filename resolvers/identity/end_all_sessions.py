"""endAllSessions."""

import strawberry

from domain.identity.end_all_sessions import end_all_sessions
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer
from schema.directives import requires
from schema.fields import described
from schema.identity.user_answers import UserPayload


@strawberry.input(description="Nothing but the key.")
class EndAllSessionsInput:
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What signing out everywhere answers.")
class EndAllSessionsPayload(UserPayload):
    pass


async def run(session: Session, input: EndAllSessionsInput) -> Answer:  # noqa: ARG001 - there is nothing in it
    return Answer(user_id=await end_all_sessions(session))


@strawberry.type
class EndAllSessions:
    end_all_sessions: EndAllSessionsPayload | None = mutation(
        run, "Ends all of the viewer's sessions and tokens, this one too.", guard=requires("profile")
    )
