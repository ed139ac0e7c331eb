"""reactivateSlot."""

import strawberry

from domain.scheduling.reactivate_slot import reactivate_slot
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.fields import described
from schema.scheduling.slot_answers import SlotPayload


@strawberry.input(description="Which slot to offer again.")
class ReactivateSlotInput:
    slot_id: strawberry.ID = described("The slot.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What reactivating a slot answers.")
class ReactivateSlotPayload(SlotPayload):
    pass


async def run(session: Session, input: ReactivateSlotInput) -> Answer:
    return Answer(slot_id=await reactivate_slot(session, id_in("Slot", input.slot_id, "slotId")))


@strawberry.type
class ReactivateSlot:
    reactivate_slot: ReactivateSlotPayload | None = mutation(
        run,
        "Offers a deactivated slot to come again, unless another has its time by now.",
        guard=requires("slot:write"),
    )
