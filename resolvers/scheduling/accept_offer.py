"""acceptOffer."""

import strawberry

from domain.scheduling.accept_offer import accept_offer
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.fields import described
from schema.scheduling.appointment_answers import AppointmentPayload


@strawberry.input(description="Which offer to take.")
class AcceptOfferInput:
    offer_id: strawberry.ID = described("The offer.")
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type(description="What accepting an offer answers.")
class AcceptOfferPayload(AppointmentPayload):
    pass


async def run(session: Session, input: AcceptOfferInput) -> Answer:
    return Answer(appointment_id=await accept_offer(session, id_in("WaitlistOffer", input.offer_id, "offerId")))


@strawberry.type
class AcceptOffer:
    accept_offer: AcceptOfferPayload | None = mutation(
        run,
        "Books the offered seat, and cancels without a fee what was to be given up for it.",
        guard=requires("appointment:write"),
    )
