"""Slots."""

from datetime import datetime

import strawberry

from loaders.entities import SlotRow
from loaders.providers.clinics import ClinicById
from loaders.providers.doctors import DoctorById
from loaders.scheduling.appointments import AppointmentsOfSlot
from schema.directives import requires
from schema.fields import described, relation
from schema.node import Node, global_id


@strawberry.type(description="A bookable interval of one doctor at one clinic. It carries nothing about patients.")
class Slot(Node):
    row_type = SlotRow
    id: strawberry.ID = global_id("Slot")
    start: datetime = described("When it begins.")
    end: datetime = described("When it ends.")
    duration_minutes: int = described("From start to end.")
    capacity: int = described("How many patients it can take.")
    booked_count: int = described("Seats taken by appointments.")
    available_seats: int = described("Seats that can be had now: capacity less bookings and live holds.")
    is_active: bool = described("Whether it is offered at all.")
    doctor: "Doctor | None" = relation(DoctorById, "doctor_id", "Whose time it is.")
    clinic: "Clinic | None" = relation(ClinicById, "clinic_id", "Where it is.")
    appointments: list["Appointment"] | None = relation(
        AppointmentsOfSlot, "id", "Who has a seat, and who had one.", guard=requires("appointment:read")
    )


from schema.providers.clinics import Clinic  # noqa: E402
from schema.providers.doctors import Doctor  # noqa: E402
from schema.scheduling.appointments import Appointment  # noqa: E402
