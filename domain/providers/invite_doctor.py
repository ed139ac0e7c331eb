"""Inviting a doctor to a clinic."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from domain.fields import Fields
from domain.identity.invited_users import invite
from domain.providers.credential_fields import check_days, check_documents
from domain.providers.doctor_fields import check_doctor
from domain.providers.licences import submit_licence, utc_day
from domain.providers.managing import check_manages, lock_clinic
from domain.session import Session
from models import Doctor
from models.enums import DoctorStatus


async def invite_doctor(
    session: Session,
    clinic_id: int,
    person: Mapping[str, str | None],
    given: Mapping[str, Any],
    expires_on: date | None,
    documents: Sequence[str],
) -> int:
    """Makes a user and her doctor's profile at the clinic, which then waits for review; returns the doctor's id.

    Raises NotFound, Forbidden, Invalid, EmailAlreadyRegistered, Conflict for a licence number that is taken.
    """
    clinic = await lock_clinic(session, clinic_id)
    await check_manages(session, clinic_id)
    fields = Fields()
    name, email = fields.name(person["name"] or ""), fields.email(person["email"] or "")
    phone, language = fields.phone(person["phone"], clinic["country"]), fields.language(person["language"])
    columns = check_doctor(fields, given)
    check_days(fields, None, expires_on, utc_day(session.now), name="licence_expires_on")
    documents = check_documents(fields, documents)
    fields.check()
    user_id = await invite(session, name=name, email=email, phone=phone, language=language)
    doctor_id = await session.insert(
        Doctor,
        user_id=user_id,
        status=DoctorStatus.APPLIED,
        licence_expires_on=expires_on,
        **columns,
        created_at=session.now,
        updated_at=session.now,
    )
    await session.run(
        "INSERT INTO doctor_clinics (doctor_id, clinic_id, created_at, updated_at) VALUES ($1, $2, $3, $3)",
        *(doctor_id, clinic_id, session.now),
    )
    await submit_licence(session, doctor_id, columns["licence_number"], expires_on, documents)
    session.audit("Doctor", doctor_id)
    return doctor_id
