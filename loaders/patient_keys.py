"""Which rows hold a patient's data, and which of their columns says whose: for the audit of reads."""

from typing import NamedTuple

from asyncpg import Record

from loaders.entities import AppointmentRow, HoldRow, PatientRow, PaymentRow, WaitlistEntryRow


class PatientKey(NamedTuple):
    """Rows hold a patient's data of a kind, those at least where `present` is not null, and `column` says whose."""

    kind: str
    column: str
    present: str | None = None


PAID_APPOINTMENT = "PaidAppointment"
"""The kind of payments of which only the appointment is known."""

PATIENT_KEYS: dict[type[Record], PatientKey] = {
    AppointmentRow: PatientKey("Appointment", "patient_id"),
    HoldRow: PatientKey("Hold", "patient_id"),
    PatientRow: PatientKey("Patient", "id"),
    PaymentRow: PatientKey(PAID_APPOINTMENT, "appointment_id"),
    WaitlistEntryRow: PatientKey("WaitlistEntry", "patient_id"),
}
