"""In which slots an event may have changed the free seats."""

from typing import NamedTuple

from loaders.events import Event
from models.enums import AppointmentStatus


class SlotTouched(NamedTuple):
    slot_id: int
    doctor_id: int
    clinic_id: int


def slots_touched(event: Event) -> list[SlotTouched]:
    """The slot of an event; after a move the new one, then the old one."""
    found = []
    for prefix in ("", "from_"):
        ids = [event.payload.get(f"{prefix}{name}") for name in ("slot_id", "doctor_id", "clinic_id")]
        if all(isinstance(each, int) for each in ids):
            found.append(SlotTouched(*ids))  # type: ignore[arg-type]
    return found


SCHEDULE_CHANGED = "doctor.schedule_changed"
"""Many of a doctor's slots have changed at once."""


def is_about_slot(event: Event) -> bool:
    """Whether it is about a slot itself, and not about who sits in it."""
    return event.name.startswith("slot.")


def is_about_appointment(event: Event) -> bool:
    return event.name.startswith("appointment.")


def changes_seats(event: Event) -> bool:
    """Whether a seat was taken or freed. Steps of a visit do neither, and are nobody's business."""
    if is_about_slot(event) or event.name in (SCHEDULE_CHANGED, "appointment.booked", "appointment.cancelled"):
        return True
    declined = event.payload.get("status") == AppointmentStatus.DECLINED
    return event.name == "appointment.status_changed" and (declined or "from_slot_id" in event.payload)
