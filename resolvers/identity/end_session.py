"""endSession."""

import strawberry

from domain.identity.end_session import end_session
from domain.session import Session
from loaders.identity.sessions import BrowserSessionById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.directives import requires
from schema.fields import described, relation
from schema.identity.sessions import BrowserSession


@strawberry.input(description="Which session to end.")
class EndSessionInput:
    session_id: strawberry.ID = described("The session.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What ending a session answers.")
class EndSessionPayload(Payload):
    session: BrowserSession | None = relation(BrowserSessionById, "session_id", "The session, as it is now.")


async def run(session: Session, input: EndSessionInput) -> Answer:
    session_id = id_in("BrowserSession", input.session_id, "sessionId")
    return Answer(session_id=await end_session(session, session_id))


@strawberry.type
class EndSession:
    end_session: EndSessionPayload | None = mutation(
        run,
        "Signs one of the viewer's browsers out, and revokes what was authorized from it.",
        guard=requires("profile"),
    )
