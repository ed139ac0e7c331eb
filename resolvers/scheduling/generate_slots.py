"""generateSlots."""

from datetime import date, datetime

import strawberry

from domain.scheduling.existing_slots import SkipReason
from domain.scheduling.generate_slots import generate_slots
from domain.session import Session
from loaders.providers.doctors import DoctorById
from loaders.scheduling.slots import SlotById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in, id_in_or_none
from schema.directives import requires
from schema.fields import described, read, relation
from schema.providers.doctors import Doctor
from schema.scheduling.slot_answers import slots_by
from schema.scheduling.slots import Slot

MOST_SHOWN = 200


@strawberry.input(description="Whose slots to make, and for which clinic-local days.")
class GenerateSlotsInput:
    doctor_id: strawberry.ID = described("Whose hours.")
    clinic_id: strawberry.ID | None = described("Where; null is all of her clinics that you may plan.", default=None)
    from_: date = described("The first day.", name="from")
    to: date = described("The last day; at most 366 days at once, and two years ahead.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="A planned slot that was not made.", directives=[requires("slot:write")])
class SkippedSlot:
    start: datetime = read(lambda skipped: datetime.fromisoformat(skipped["start"]), "When it would begin.")
    reason: SkipReason = read(lambda skipped: SkipReason(skipped["reason"]), "What stands in its way.")
    slot: Slot | None = relation(SlotById, "slot_id", "The slot that is there instead, if it is yours to see.")


@strawberry.type(description="What making slots from the calendar answers; run again, it finds nothing to do.")
class GenerateSlotsPayload(Payload):
    created: int | None = read(lambda answer: answer["created"], "How many slots were made.")
    removed: int | None = read(lambda answer: answer["removed"], "How many of an earlier plan were taken away.")
    kept: int | None = read(lambda answer: answer["kept"], "How many were there already, as planned.")
    skipped_count: int | None = read(lambda answer: answer["skipped_count"], "How many were not made.")
    skipped: list[SkippedSlot] = read(
        lambda answer: [Answer(each) for each in answer["skipped"] or ()],
        f"Those that were not made because something stands in their way, by start; the first {MOST_SHOWN}.",
    )
    stayed: list[Slot] = slots_by(
        "stayed",
        "Slots of an earlier plan that this one does not have, and that stay because somebody has or holds a seat; the "
        f"first {MOST_SHOWN}.",
    )
    doctor: Doctor | None = relation(DoctorById, "doctor_id", "Whose slots they are.")


async def run(session: Session, input: GenerateSlotsInput) -> Answer:
    doctor_id = id_in("Doctor", input.doctor_id, "doctorId")
    clinic_id = id_in_or_none("Clinic", input.clinic_id, "clinicId")
    done = await generate_slots(session, doctor_id, clinic_id, input.from_, input.to)
    if done is None:
        return Answer(doctor_id=doctor_id, created=0, removed=0, kept=0, skipped_count=0)
    skipped = [
        {"start": each.start.isoformat(), "reason": each.reason, "slot_id": each.slot_id}
        for each in done.skipped[:MOST_SHOWN]
    ]
    return Answer(
        doctor_id=doctor_id,
        created=len(done.create),
        removed=len(done.remove),
        kept=done.kept,
        skipped_count=len(done.skipped),
        skipped=skipped,
        stayed=done.stayed[:MOST_SHOWN],
    )


@strawberry.type
class GenerateSlots:
    generate_slots: GenerateSlotsPayload | None = mutation(
        run,
        "Makes slots of weekly hours, exceptions and closing days, in the clinic's local time. Slots of an earlier "
        "plan that this one does not have go, unless somebody has or holds a seat; those made by hand stay, on leave "
        "too.",
        guard=requires("slot:write"),
    )
