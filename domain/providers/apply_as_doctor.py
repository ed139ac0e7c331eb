"""Applying as a doctor."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from domain.constraints import AlreadyADoctor
from domain.fields import Fields
from domain.identity.people import lock_user, own_id
from domain.providers.credential_fields import check_days, check_documents
from domain.providers.doctor_fields import check_doctor
from domain.providers.licences import submit_licence, utc_day
from domain.session import Session
from models import Doctor
from models.enums import DoctorStatus

FIND = "SELECT id, status FROM doctors WHERE user_id = $1 FOR NO KEY UPDATE"


async def apply_as_doctor(
    session: Session, given: Mapping[str, Any], expires_on: date | None, documents: Sequence[str]
) -> int:
    """The viewer asks to be a doctor here, with her licence; whoever was rejected may ask again. Returns the doctor's
    id. Raises Forbidden for somebody without an account, Invalid, Conflict for somebody who has a profile."""
    fields = Fields()
    columns = check_doctor(fields, given)
    check_days(fields, None, expires_on, utc_day(session.now), name="licence_expires_on")
    documents = check_documents(fields, documents)
    fields.check()
    user_id = own_id(session)
    await lock_user(session, user_id)
    before = await session.run(FIND, user_id)
    columns |= {"status": DoctorStatus.APPLIED, "licence_expires_on": expires_on}
    if not before:
        doctor_id = await session.insert(
            Doctor, user_id=user_id, **columns, created_at=session.now, updated_at=session.now
        )
    elif before[0]["status"] == DoctorStatus.REJECTED:
        doctor_id = before[0]["id"]
        await session.update(Doctor, doctor_id, **columns, review_reason=None)
    else:
        raise AlreadyADoctor(beside={"doctor_id": before[0]["id"]})
    await submit_licence(session, doctor_id, columns["licence_number"], expires_on, documents)
    session.audit("Doctor", doctor_id)
    return doctor_id
