"""releaseHold."""

import strawberry

from domain.scheduling.release_hold import release_hold
from domain.session import Session
from loaders.scheduling.holds import HoldById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.directives import requires
from schema.fields import described, relation
from schema.scheduling.holds import Hold


@strawberry.input(description="Which hold to let go.")
class ReleaseHoldInput:
    hold_id: strawberry.ID = described("The hold.")
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type(description="What letting go of a hold answers.")
class ReleaseHoldPayload(Payload):
    hold: Hold | None = relation(HoldById, "hold_id", "The hold.")


async def run(session: Session, input: ReleaseHoldInput) -> Answer:
    return Answer(hold_id=await release_hold(session, id_in("Hold", input.hold_id, "holdId")))


@strawberry.type
class ReleaseHold:
    release_hold: ReleaseHoldPayload | None = mutation(
        run, "Gives a held seat back at once.", guard=requires("appointment:write")
    )
