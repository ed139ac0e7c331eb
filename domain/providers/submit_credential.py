"""Handing in a credential."""

from collections.abc import Sequence
from datetime import date

from domain.fields import Fields
from domain.providers.credential_fields import check_credential
from domain.providers.licences import utc_day
from domain.providers.managing import lock_doctor
from domain.providers.update_doctor import check_changes
from domain.refusal import Conflict, Forbidden
from domain.session import Session
from models import Credential
from models.enums import CredentialKind

WAITING = "SELECT count(*) FROM credentials WHERE doctor_id = $1 AND status = 'SUBMITTED'"
MOST_WAITING = 50


async def submit_credential(
    session: Session,
    doctor_id: int | None,
    kind: CredentialKind,
    *,
    number: str,
    issuer: str | None,
    issued_on: date | None,
    expires_on: date | None,
    documents: Sequence[str] | None,
) -> int:
    """Submits a credential of the viewer, or of a doctor whom she manages, for review; returns its id.

    Raises NotFound, Forbidden, Invalid, and Conflict where too many wait.
    """
    doctor = await lock_doctor(session, await _own_profile(session) if doctor_id is None else doctor_id)
    if doctor["user_id"] != session.viewer.user_id and "provider:write" not in session.viewer.scopes:
        raise Forbidden("this doctor's credentials are for others to submit")
    await check_changes(session, doctor)
    fields = Fields()
    columns = check_credential(
        fields,
        number=number,
        issuer=issuer,
        issued_on=issued_on,
        expires_on=expires_on,
        documents=documents,
        today=utc_day(session.now),
    )
    fields.check()
    ((waiting,),) = await session.run(WAITING, doctor["id"])
    if waiting >= MOST_WAITING:
        raise Conflict("too many of her credentials wait for review")
    credential_id = await session.insert(
        Credential,
        doctor_id=doctor["id"],
        kind=kind,
        **columns,
        submitted_by_id=session.viewer.user_id,
        created_at=session.now,
        updated_at=session.now,
    )
    session.audit("Credential", credential_id)
    return credential_id


async def _own_profile(session: Session) -> int:
    found = await session.run("SELECT id FROM doctors WHERE user_id = $1", session.viewer.user_id)
    if not found:
        raise Forbidden("this is for doctors, and for those who have applied")
    return int(found[0]["id"])
