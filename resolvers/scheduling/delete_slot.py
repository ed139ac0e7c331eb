"""deleteSlot."""

import strawberry

from domain.scheduling.delete_slot import delete_slot
from domain.session import Session
from loaders.providers.doctors import DoctorById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.directives import requires
from schema.fields import described, relation
from schema.providers.doctors import Doctor


@strawberry.input(description="Which slot to delete.")
class DeleteSlotInput:
    slot_id: strawberry.ID = described("The slot.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What deleting a slot answers.")
class DeleteSlotPayload(Payload):
    doctor: Doctor | None = relation(DoctorById, "doctor_id", "Whose time it was.")


async def run(session: Session, input: DeleteSlotInput) -> Answer:
    return Answer(doctor_id=await delete_slot(session, id_in("Slot", input.slot_id, "slotId")))


@strawberry.type
class DeleteSlot:
    delete_slot: DeleteSlotPayload | None = mutation(
        run,
        "Deletes a slot to come that was never booked or offered and is not held; CONFLICT otherwise. One that the "
        "weekly hours give comes back with the next `generateSlots`: deactivate it instead.",
        guard=requires("slot:write"),
    )
