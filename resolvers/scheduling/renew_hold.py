"""renewHold."""

import strawberry

from domain.scheduling.renew_hold import renew_hold
from domain.session import Session
from loaders.scheduling.holds import HoldById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.directives import requires
from schema.fields import described, relation
from schema.scheduling.holds import Hold


@strawberry.input(description="Which hold to renew.")
class RenewHoldInput:
    hold_id: strawberry.ID = described("The hold.")
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type(description="What renewing a hold answers.")
class RenewHoldPayload(Payload):
    hold: Hold | None = relation(HoldById, "hold_id", "The hold.")


async def run(session: Session, input: RenewHoldInput) -> Answer:
    return Answer(hold_id=await renew_hold(session, id_in("Hold", input.hold_id, "holdId")))


@strawberry.type
class RenewHold:
    renew_hold: RenewHoldPayload | None = mutation(
        run, "Makes a hold last five minutes from now; once.", guard=requires("appointment:write")
    )
