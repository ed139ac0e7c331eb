"""createSlots."""

from datetime import datetime

import strawberry

from domain.scheduling.create_slots import NewSlot, create_slots
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.directives import requires
from schema.fields import described
from schema.scheduling.slot_answers import slots_by
from schema.scheduling.slots import Slot


@strawberry.input(description="A slot to make: 5 minutes to 8 hours, at most two years ahead.")
class NewSlotInput:
    start: datetime = described("When it begins.")
    end: datetime | None = described("When it ends; or give the duration.", default=None)
    duration_minutes: int | None = described("How long it lasts; or give the end.", default=None)
    buffer_minutes: int = described("Kept free after it, 0 to 240.", default=0)
    capacity: int = described("How many patients it takes, 1 to 100.", default=1)


@strawberry.input(description="Slots to make, all or none.")
class CreateSlotsInput:
    doctor_id: strawberry.ID = described("Whose time.")
    clinic_id: strawberry.ID = described("Where.")
    slots: list[NewSlotInput] = described("1 to 200 slots.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What making slots answers.")
class CreateSlotsPayload(Payload):
    slots: list[Slot] = slots_by("slot_ids", "The slots, in the order of the input.")


async def run(session: Session, input: CreateSlotsInput) -> Answer:
    slot_ids = await create_slots(
        session,
        id_in("Doctor", input.doctor_id, "doctorId"),
        id_in("Clinic", input.clinic_id, "clinicId"),
        [
            NewSlot(slot.start, slot.end, slot.duration_minutes, slot.buffer_minutes, slot.capacity)
            for slot in input.slots
        ],
    )
    return Answer(slot_ids=slot_ids)


@strawberry.type
class CreateSlots:
    create_slots: CreateSlotsPayload | None = mutation(
        run,
        "Makes slots by hand, all or none. `generateSlots` leaves them alone, on leave too. What is wrong with one is "
        "said with its index: `slots.3.start`.",
        guard=requires("slot:write"),
    )
