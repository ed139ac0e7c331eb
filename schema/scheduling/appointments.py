"""Appointments."""

from datetime import datetime

import strawberry

from loaders.entities import AppointmentRow, StepRow
from loaders.identity.users import UserById
from loaders.patients.patients import PatientById
from loaders.payments.payments import PaymentOfAppointment, PaymentsOfAppointment
from loaders.providers.clinics import ClinicById
from loaders.providers.doctors import DoctorById
from loaders.scheduling.appointments import TimelineOfAppointment
from loaders.scheduling.slots import SlotById
from models.enums import AppointmentStatus
from schema.directives import requires
from schema.fields import described, read, relation
from schema.node import Node, global_id


@strawberry.type(description="One step in the life of an appointment.")
class AppointmentStep:
    row_type = StepRow
    from_: AppointmentStatus | None = read(
        lambda row: row["from_status"], "Before; null when it was booked.", columns=("from_status",), name="from"
    )
    to: AppointmentStatus = read(lambda row: row["to_status"], "After.", columns=("to_status",))
    reason: str | None = described("Why, if somebody said.")
    at: datetime = read(lambda row: row["happened_at"], "When.", columns=("happened_at",))
    actor: "User | None" = relation(UserById, "actor_id", "Who did it; null for the system, or if not yours to see.")


@strawberry.type(description="A patient's seat in a slot.", directives=[requires("appointment:read")])
class Appointment(Node):
    row_type = AppointmentRow
    id: strawberry.ID = global_id("Appointment")
    status: AppointmentStatus = described("Where it stands.")
    reason: str | None = described("Why the patient comes, in her words.")
    notes: str | None = described("What the doctor noted.")
    booked_at: datetime = described("When it was booked.")
    pay_by: datetime | None = described("Unpaid at this instant, the seat is free again; null where nothing is due.")
    cancelled_at: datetime | None = described("When it was cancelled.")
    cancel_reason: str | None = described("Why it was cancelled.")
    reschedule_count: int = described("How often it was moved.")
    is_first_visit: bool = described("Whether it was, when booked, the patient's first with this doctor.")
    version: int = described("Grows with every change; sent back with an edit, it shows that nothing was overlooked.")
    slot: "Slot | None" = relation(SlotById, "slot_id", "The time.")
    doctor: "Doctor | None" = relation(DoctorById, "doctor_id", "With whom.")
    clinic: "Clinic | None" = relation(ClinicById, "clinic_id", "Where.")
    patient: "Patient | None" = relation(PatientById, "patient_id", "For whom.", guard=requires("patient:read"))
    payment: "Payment | None" = relation(
        PaymentOfAppointment,
        "id",
        "What the visit costs; null where nothing was asked.",
        guard=requires("payment:read"),
    )
    payments: list["Payment"] | None = relation(
        PaymentsOfAppointment, "id", "The visit's payment and all fees.", guard=requires("payment:read")
    )
    timeline: list[AppointmentStep] = relation(TimelineOfAppointment, "id", "What happened to it, first to last.")


from schema.identity.users import User  # noqa: E402
from schema.patients.patients import Patient  # noqa: E402
from schema.payments.payments import Payment  # noqa: E402
from schema.providers.clinics import Clinic  # noqa: E402
from schema.providers.doctors import Doctor  # noqa: E402
from schema.scheduling.slots import Slot  # noqa: E402
