"""The appointments of a range, with whom and for whom."""

from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

from auth.scopes import Scope as TokenScope
from loaders.dashboards.members import appointments_of
from loaders.dashboards.scopes import Scope
from loaders.identity.users import UserById
from loaders.loader import Loaders
from loaders.patients.patients import PatientById
from loaders.payments.payments import PaymentOfAppointment
from loaders.providers.clinics import ClinicById
from loaders.providers.doctors import DoctorById
from loaders.scheduling.slots import SlotById
from server.exports.csv import Cell
from server.exports.taking import Visit

AT_ONCE = 200
APPOINTMENT_NEEDS = (TokenScope.APPOINTMENT_READ, TokenScope.PATIENT_READ, TokenScope.PAYMENT_READ)
APPOINTMENT_COLUMNS = (
    *("day", "time", "starts_at", "ends_at", "status", "clinic", "doctor", "specialty", "patient", "first_visit"),
    *("booked_at", "payment_status", "payment_minor", "currency"),
)


async def appointment_rows(visit: Visit, scope: Scope) -> AsyncIterator[list[tuple[Cell, ...]]]:
    """Pages of appointments, earliest first; `day` and `time` are the clinic's, all else is UTC."""
    after: str | None = None
    while True:
        page = await appointments_of(loaders := visit(), scope, after, AT_ONCE)
        yield await _rows(loaders, list(page.rows))
        if not page.has_next:
            return
        after = page.end_cursor


async def _rows(loaders: Loaders, found: list[Any]) -> list[tuple[Cell, ...]]:
    slots = await loaders.get(SlotById).load_level([row["slot_id"] for row in found])
    clinics = await loaders.get(ClinicById).load_level([row["clinic_id"] for row in found])
    doctors = await loaders.get(DoctorById).load_level([row["doctor_id"] for row in found])
    patients = await loaders.get(PatientById).load_level([row["patient_id"] for row in found])
    payments = await loaders.get(PaymentOfAppointment).load_level([row["id"] for row in found])
    users = loaders.get(UserById)
    treating = await users.load_level([shown(doctor, "user_id") for doctor in doctors])
    treated = await users.load_level([shown(patient, "user_id") for patient in patients])
    rows: list[tuple[Cell, ...]] = []
    parts = zip(found, slots, clinics, doctors, treating, treated, payments, strict=True)
    for row, slot, clinic, doctor, user, patient, payment in parts:
        starts = row["key_0"]
        local = None if clinic is None else starts.astimezone(ZoneInfo(clinic["time_zone"]))
        rows.append(
            (
                *((None, None) if local is None else (local.date(), local.strftime("%H:%M"))),
                *(starts, shown(slot, "end"), row["status"], shown(clinic, "name")),
                *(shown(user, "name"), shown(doctor, "specialty"), shown(patient, "name")),
                *("yes" if row["is_first_visit"] else "no", row["booked_at"]),
                *(shown(payment, "status"), shown(payment, "amount_minor"), shown(payment, "currency")),
            )
        )
    return rows


def shown(row: Any, column: str) -> Any:
    """A value of a row, or None where there is no row for the viewer."""
    return None if row is None else row[column]
