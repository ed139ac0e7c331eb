"""Waiting for an earlier or a full slot."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Range

from domain.refusal import Invalid, NotFound
from domain.scheduling.seekers import lock_patient
from domain.scheduling.take_step import find_appointment
from domain.session import Session
from models import WaitlistEntry

MOST = 20
LONGEST_SPECIALTY = 100
EXISTING = "SELECT count(*) AS n FROM {table} WHERE id = ANY ($1)"
WAITING = """
SELECT count(*) AS n FROM waitlist_entries WHERE patient_id = $1 AND status IN ('WAITING', 'OFFERED')
"""


async def join_waitlist(
    session: Session,
    *,
    patient_id: int | None,
    appointment_id: int | None,
    doctor_ids: Sequence[int],
    clinic_ids: Sequence[int],
    specialty: str | None,
    windows: Sequence[tuple[datetime, datetime]],
) -> int:
    """Adds an entry, last in line; returns its id. Empty lists mean any; `appointment_id` is what she would give up.

    Raises NotFound, Invalid.
    """
    patient = await lock_patient(session, patient_id)
    _check(doctor_ids, clinic_ids, specialty, windows)
    await _check_there(session, "doctors", doctor_ids, "doctorIds")
    await _check_there(session, "clinics", clinic_ids, "clinicIds")
    if appointment_id is not None:
        appointment = await find_appointment(session, appointment_id)
        if appointment["patient_id"] != patient["id"]:
            raise Invalid({"appointmentId": "this is another patient's appointment"})
        if appointment["status"] not in ("PENDING", "CONFIRMED"):
            raise Invalid({"appointmentId": "this appointment can no longer be given up"})
    (open_entries,) = await session.run(WAITING, patient["id"])
    if open_entries["n"] >= MOST:
        raise Invalid({"patientId": f"a patient waits in at most {MOST} lists"})
    entry_id = await session.insert(
        WaitlistEntry,
        patient_id=patient["id"],
        appointment_id=appointment_id,
        doctor_ids=sorted(set(doctor_ids)),
        clinic_ids=sorted(set(clinic_ids)),
        specialty=specialty and specialty.strip(),
        windows=[Range(*window) for window in windows] or [Range(None, None)],
        created_at=session.now,
    )
    session.audit("WaitlistEntry", entry_id, patient_id=patient["id"])
    return entry_id


def _check(
    doctor_ids: Sequence[int],
    clinic_ids: Sequence[int],
    specialty: str | None,
    windows: Sequence[tuple[datetime, datetime]],
) -> None:
    wrong = {
        field: f"at most {MOST}"
        for field, given in (("doctorIds", doctor_ids), ("clinicIds", clinic_ids), ("windows", windows))
        if len(given) > MOST
    }
    if any(start >= end for start, end in windows):
        wrong["windows"] = "a window ends after it starts"
    if specialty is not None and not 0 < len(specialty.strip()) <= LONGEST_SPECIALTY:
        wrong["specialty"] = f"a specialty has 1 to {LONGEST_SPECIALTY} characters"
    if not doctor_ids and not clinic_ids and not specialty:
        wrong["doctorIds"] = "name doctors, clinics or a specialty"
    if wrong:
        raise Invalid(wrong)


async def _check_there(session: Session, table: str, ids: Sequence[int], field: str) -> None:
    (found,) = await session.run(EXISTING.format(table=table), list(set(ids)))
    if found["n"] != len(set(ids)):
        raise NotFound(f"one of these {table} is not there", field=field)
