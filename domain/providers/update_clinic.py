"""Changing a clinic's record."""

from collections.abc import Mapping
from typing import Any

from domain.providers.clinic_fields import checked_clinic
from domain.providers.managing import check_manages, check_version, lock_clinic
from domain.refusal import Invalid
from domain.session import Session
from models import Clinic

FIXED = {"time_zone": "timeZone", "currency": "currency"}


async def update_clinic(session: Session, clinic_id: int, given: Mapping[str, Any], version: int) -> int:
    """Changes what was given; returns the clinic's id. Its days and prices are counted in its time zone and currency,
    so these stay once it has slots. Raises NotFound, Forbidden, Invalid, Conflict."""
    clinic = await lock_clinic(session, clinic_id)
    await check_manages(session, clinic_id)
    columns = checked_clinic(given, clinic["country"])
    check_version(clinic, version, clinic_id=clinic_id)
    moved = [field for column, field in FIXED.items() if column in columns and columns[column] != clinic[column]]
    if moved and await session.run("SELECT true FROM slots WHERE clinic_id = $1 LIMIT 1", clinic_id):
        raise Invalid(dict.fromkeys(moved, "this clinic has slots already, and they were planned with this"))
    if columns:
        await session.update(Clinic, clinic_id, **columns)
        session.audit("Clinic", clinic_id)
        session.emit("clinic.updated", "Clinic", clinic_id, clinic_id=clinic_id)
    return clinic_id
