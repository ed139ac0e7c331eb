"""declineOffer."""

import strawberry

from domain.scheduling.decline_offer import decline_offer
from domain.session import Session
from loaders.scheduling.waitlist import WaitlistEntryById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.directives import requires
from schema.fields import described, relation
from schema.scheduling.waitlist import WaitlistEntry


@strawberry.input(description="Which offer not to take.")
class DeclineOfferInput:
    offer_id: strawberry.ID = described("The offer.")
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type(description="What declining an offer answers.")
class DeclineOfferPayload(Payload):
    waitlist_entry: WaitlistEntry | None = relation(
        WaitlistEntryById, "entry_id", "Her place in line, which she keeps."
    )


async def run(session: Session, input: DeclineOfferInput) -> Answer:
    return Answer(entry_id=await decline_offer(session, id_in("WaitlistOffer", input.offer_id, "offerId")))


@strawberry.type
class DeclineOffer:
    decline_offer: DeclineOfferPayload | None = mutation(
        run, "Leaves the offered seat to the next in line, and waits on.", guard=requires("appointment:write")
    )
