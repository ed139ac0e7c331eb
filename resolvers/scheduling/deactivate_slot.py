"""deactivateSlot."""

import strawberry

from domain.scheduling.deactivate_slot import deactivate_slot
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.fields import described
from schema.scheduling.slot_answers import SlotPayload


@strawberry.input(description="Which slot to offer no more.")
class DeactivateSlotInput:
    slot_id: strawberry.ID = described("The slot.")
    reason: str | None = described("Why, for the audit; at most 2,000 characters.", default=None)
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What deactivating a slot answers.")
class DeactivateSlotPayload(SlotPayload):
    pass


async def run(session: Session, input: DeactivateSlotInput) -> Answer:
    slot_id = id_in("Slot", input.slot_id, "slotId")
    return Answer(slot_id=await deactivate_slot(session, slot_id, input.reason))


@strawberry.type
class DeactivateSlot:
    deactivate_slot: DeactivateSlotPayload | None = mutation(
        run,
        "Takes no new bookings for a slot to come; what is booked stays. `generateSlots` puts nothing in its place.",
        guard=requires("slot:write"),
    )
