"""Judging a credential."""

from asyncpg import Record

from domain.constraints import LicenceTaken
from domain.fields import Fields
from domain.providers.credential_fields import check_review_reason
from domain.providers.licences import apply_licence, utc_day
from domain.providers.managing import check_version, lock_doctor
from domain.providers.review_doctor import check_not_oneself
from domain.refusal import Conflict, Invalid, NotFound
from domain.session import Session
from models import Credential
from models.enums import CredentialKind, CredentialStatus

DECISIONS = frozenset({CredentialStatus.APPROVED, CredentialStatus.REJECTED})
TAKEN = "SELECT true FROM doctors WHERE licence_number = $1 AND id <> $2"


async def review_credential(
    session: Session, credential_id: int, decision: CredentialStatus, reason: str | None, version: int | None
) -> int:
    """Approves or rejects what was submitted; a licence counts for free slots at once. Returns the credential's id.

    Raises NotFound, Invalid, Forbidden for the doctor herself, and Conflict: it does not wait for review, or the
    licence is another doctor's.
    """
    fields = Fields()
    if decision not in DECISIONS:
        fields["decision"] = "a review ends with APPROVED or REJECTED"
    why = check_review_reason(fields, reason, needed=decision is CredentialStatus.REJECTED)
    fields.check()
    doctor_id = (await _find(session, credential_id))["doctor_id"]
    check_not_oneself(session, await lock_doctor(session, doctor_id))
    credential = await session.lock(Credential, credential_id)
    check_version(credential, version, credential_id=credential_id)
    if credential["status"] != CredentialStatus.SUBMITTED:
        raise Conflict("this was reviewed already", field="credentialId", beside={"credential_id": credential_id})
    if decision is CredentialStatus.APPROVED:
        if credential["expires_on"] is not None and credential["expires_on"] <= utc_day(session.now):
            raise Invalid({"decision": "this credential has expired meanwhile"})
        if credential["kind"] == CredentialKind.LICENCE and await session.run(TAKEN, credential["number"], doctor_id):
            raise LicenceTaken(field="credentialId")
    await session.update(
        Credential,
        credential_id,
        status=decision,
        reviewed_by_id=session.viewer.user_id,
        reviewed_at=session.now,
        review_reason=why,
    )
    if decision is CredentialStatus.APPROVED and credential["kind"] == CredentialKind.LICENCE:
        await apply_licence(session, doctor_id)
    session.audit("Credential", credential_id, reason=why)
    return credential_id


async def _find(session: Session, credential_id: int) -> Record:
    try:
        return await session.find(Credential, credential_id)
    except NotFound:
        raise NotFound("there is no such credential", field="credentialId") from None
