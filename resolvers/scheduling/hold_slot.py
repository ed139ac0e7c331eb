"""holdSlot."""

import strawberry

from domain.scheduling.hold_slot import hold_slot
from domain.session import Session
from loaders.scheduling.holds import HoldById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in, id_in_or_none
from schema.directives import requires
from schema.fields import described, relation
from schema.scheduling.holds import Hold


@strawberry.input(description="Which slot to hold, and for whom.")
class HoldSlotInput:
    slot_id: strawberry.ID = described("The slot.")
    patient_id: strawberry.ID | None = described("For whom; yourself, if you are a patient.", default=None)
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type(description="What holding a slot answers.")
class HoldSlotPayload(Payload):
    hold: Hold | None = relation(HoldById, "hold_id", "The hold.")


async def run(session: Session, input: HoldSlotInput) -> Answer:
    slot_id = id_in("Slot", input.slot_id, "slotId")
    patient_id = id_in_or_none("Patient", input.patient_id, "patientId")
    return Answer(hold_id=await hold_slot(session, slot_id, patient_id))


@strawberry.type
class HoldSlot:
    hold_slot: HoldSlotPayload | None = mutation(
        run,
        "Claims a seat for five minutes, renewable once. A patient claims no more than five at a time.",
        guard=requires("appointment:write"),
    )
