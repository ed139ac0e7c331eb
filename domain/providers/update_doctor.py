"""Changing a doctor's record."""

from collections.abc import Mapping
from typing import Any

from asyncpg import Record

from domain.fields import Fields
from domain.providers.doctor_fields import check_doctor
from domain.providers.managing import check_version, lock_doctor, managed_clinics
from domain.refusal import Forbidden, Invalid
from domain.session import Session
from models import Doctor
from models.enums import DoctorStatus

REVIEWED = {"specialty": "specialty", "licence_number": "licenceNumber"}
PLACES = "SELECT clinic_id FROM doctor_clinics WHERE doctor_id = $1 AND ended_at IS NULL"


async def check_changes(session: Session, doctor: Record) -> None:
    """Raises Forbidden for all but the doctor herself, the managers of her clinics, and those who see everything."""
    viewer = session.viewer
    if viewer.sight.everything or (viewer.user_id is not None and viewer.user_id == doctor["user_id"]):
        return
    managed = await managed_clinics(session)
    if not managed or managed.isdisjoint(row["clinic_id"] for row in await session.run(PLACES, doctor["id"])):
        raise Forbidden("this doctor's record is for others to change")


async def update_doctor(session: Session, doctor_id: int, given: Mapping[str, Any], version: int) -> int:
    """Changes what was given; returns the doctor's id. What was reviewed is changed by a new credential, or by an
    administrator who is not herself. Raises NotFound, Forbidden, Invalid, Conflict."""
    doctor = await lock_doctor(session, doctor_id)
    await check_changes(session, doctor)
    fields = Fields()
    columns = check_doctor(fields, given)
    viewer = session.viewer
    is_reviewer = viewer.sight.everything and (viewer.user_id is None or viewer.user_id != doctor["user_id"])
    if doctor["status"] != DoctorStatus.APPLIED and not is_reviewer:
        for column, field in REVIEWED.items():
            if column in columns and columns[column] != doctor[column]:
                fields[field] = "this was reviewed: submit a credential that says so"
    fields.check()
    check_version(doctor, version, doctor_id=doctor_id)
    if "currency" in columns and columns["currency"] != doctor["currency"] and doctor["status"] == "APPROVED":
        await _check_currency(session, doctor_id, columns["currency"])
    if columns:
        await session.update(Doctor, doctor_id, **columns)
        session.audit("Doctor", doctor_id)
    return doctor_id


async def _check_currency(session: Session, doctor_id: int, currency: str) -> None:
    unlike = await session.run(
        "SELECT true FROM doctor_clinics a JOIN clinics c ON c.id = a.clinic_id "
        "WHERE a.doctor_id = $1 AND a.ended_at IS NULL AND c.currency = $2 LIMIT 1",
        *(doctor_id, currency),
    )
    if not unlike:
        raise Invalid({"consultationFee": "none of her clinics takes this currency"})
