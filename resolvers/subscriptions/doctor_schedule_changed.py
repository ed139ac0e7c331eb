"""doctorScheduleChanged."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from auth.viewer import Viewer
from loaders.events import Event, Wanted
from loaders.providers.doctors import DoctorById
from loaders.scheduling.appointments import AppointmentById
from loaders.scheduling.slots import SlotById
from resolvers.subscriptions.seats import (
    SCHEDULE_CHANGED,
    SlotTouched,
    is_about_appointment,
    is_about_slot,
    slots_touched,
)
from schema.answers import Answer
from schema.context import Context
from schema.directives import requires
from schema.node import read_id
from schema.scheduling.changes import DoctorScheduleChange
from schema.streams import ResumeAfter, StreamInfo, Tell, stream, subscription

OfDoctor = Annotated[strawberry.ID, strawberry.argument("Whose schedule.")]


def is_in_schedule(event: Event) -> bool:
    return event.name == SCHEDULE_CHANGED or is_about_appointment(event) or is_about_slot(event)


def telling(doctor_id: int) -> Tell:
    async def tell(event: Event, context: Context) -> list[Answer | None]:
        """To others than those who keep the schedule it tells only of what they may see."""
        touched = [slot for slot in slots_touched(event) if slot.doctor_id == doctor_id]
        slot_id = touched[0].slot_id if touched else None
        appointment_id = next((number for kind, number in event.about if kind == "appointment"), None)
        if appointment_id is not None:
            seen = await context.loaders.get(AppointmentById).load(appointment_id) is not None
        elif event.name == SCHEDULE_CHANGED:  # no more than that the doctor's free slots are others now
            seen = await context.loaders.get(DoctorById).load(doctor_id) is not None
        else:
            seen = slot_id is not None and await context.loaders.get(SlotById).load(slot_id) is not None
        if not seen and not any(keeps(context.viewer, slot) for slot in touched):
            return [None]
        return [Answer(event=event.name, appointment_id=appointment_id, slot_id=slot_id)]

    return tell


def keeps(viewer: Viewer, slot: SlotTouched) -> bool:
    """Whether the viewer keeps the schedule that a slot stands in."""
    return viewer.sight.everything or slot.doctor_id == viewer.doctor_id or slot.clinic_id in viewer.clinic_ids


async def doctor_schedule_changed(
    info: StreamInfo, doctor_id: OfDoctor, after: ResumeAfter = None
) -> AsyncGenerator[DoctorScheduleChange, None]:
    number = read_id("Doctor", doctor_id)
    started: AsyncGenerator[DoctorScheduleChange, None] = await stream(
        info, Wanted((("doctor", number),), is_in_schedule), telling(number), after
    )
    return started


@strawberry.type
class DoctorScheduleChanged:
    doctor_schedule_changed: DoctorScheduleChange | None = subscription(
        doctor_schedule_changed,
        "Tells what happens in a doctor's schedule, as far as the viewer may see it.",
        guard=requires("appointment:read"),
    )
