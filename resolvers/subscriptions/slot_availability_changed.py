"""slotAvailabilityChanged."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from loaders.events import Event, Wanted
from loaders.providers.clinics import ClinicById
from loaders.providers.doctors import DoctorById
from resolvers.subscriptions.seats import SCHEDULE_CHANGED, SlotTouched, changes_seats, slots_touched
from schema.answers import Answer
from schema.context import Context
from schema.errors import BadUserInput
from schema.node import read_id
from schema.scheduling.changes import SlotAvailabilityChange
from schema.streams import ResumeAfter, StreamInfo, Tell, stream, subscription

OfDoctor = Annotated[strawberry.ID | None, strawberry.argument("Of this doctor.")]
OfClinic = Annotated[strawberry.ID | None, strawberry.argument("At this clinic.")]

EVENT = "slot.changed"
"""What everybody is told of a slot, whatever it was: that somebody booked or cancelled is not public."""


def telling(doctor_id: int | None, clinic_id: int | None) -> Tell:
    async def tell(event: Event, context: Context) -> list[Answer | None]:
        if event.name == SCHEDULE_CHANGED:
            doctor = await context.loaders.get(DoctorById).load(event.payload["doctor_id"])
            return [None if doctor is None else Answer(event=event.name)]
        return [await tell_of(slot, context) for slot in slots_touched(event)]

    async def tell_of(slot: SlotTouched, context: Context) -> Answer | None:
        """Of a doctor or clinic that the viewer may not see, nothing."""
        if doctor_id not in (None, slot.doctor_id) or clinic_id not in (None, slot.clinic_id):
            return None
        doctor = await context.loaders.get(DoctorById).load(slot.doctor_id)
        clinic = await context.loaders.get(ClinicById).load(slot.clinic_id)
        if doctor is None or clinic is None:
            return None
        return Answer(event=EVENT, slot_id=slot.slot_id)

    return tell


async def slot_availability_changed(
    info: StreamInfo, doctor_id: OfDoctor = None, clinic_id: OfClinic = None, after: ResumeAfter = None
) -> AsyncGenerator[SlotAvailabilityChange, None]:
    doctor = None if doctor_id is None else read_id("Doctor", doctor_id)
    clinic = None if clinic_id is None else read_id("Clinic", clinic_id)
    given = {"doctor": doctor, "clinic": clinic}
    about = tuple((kind, number) for kind, number in given.items() if number is not None)
    if not about:
        raise BadUserInput("say whose slots: of a doctor, of a clinic, or of a doctor at a clinic")
    started: AsyncGenerator[SlotAvailabilityChange, None] = await stream(
        info, Wanted(about, changes_seats), telling(doctor, clinic), after
    )
    return started


@strawberry.type
class SlotAvailabilityChanged:
    slot_availability_changed: SlotAvailabilityChange = subscription(
        slot_availability_changed,
        "Tells of slots whose free seats may have changed: of a doctor, of a clinic, or of a doctor there. "
        "It tells no more than asking for the slot would.",
    )
