"""A doctor's licence: the credential that she offers slots by."""

from collections.abc import Sequence
from datetime import date, datetime

from domain.session import Session
from models import Credential, Doctor
from models.enums import CredentialKind, CredentialStatus

# Of the approved ones the one that is good longest; one without end is good longest of all.
BEST = """
SELECT number, expires_on FROM credentials WHERE doctor_id = $1 AND kind = 'LICENCE' AND status = 'APPROVED'
ORDER BY expires_on DESC NULLS FIRST, id DESC LIMIT 1
"""
DECIDE = """
UPDATE credentials SET status = $2, reviewed_by_id = $3, reviewed_at = $4, review_reason = $5, version = version + 1,
       updated_at = $4
WHERE doctor_id = $1 AND kind = 'LICENCE' AND status = 'SUBMITTED'
"""


async def submit_licence(
    session: Session, doctor_id: int, number: str, expires_on: date | None, documents: Sequence[str]
) -> None:
    """The licence that a doctor applies with."""
    await session.insert(
        Credential,
        doctor_id=doctor_id,
        kind=CredentialKind.LICENCE,
        number=number,
        expires_on=expires_on,
        documents=list(documents),
        submitted_by_id=session.viewer.user_id,
        created_at=session.now,
        updated_at=session.now,
    )


async def decide_licences(session: Session, doctor_id: int, status: CredentialStatus, reason: str | None) -> None:
    """What is decided on a doctor is decided on the licences that she submitted."""
    await session.run(DECIDE, doctor_id, status, session.viewer.user_id, session.now, reason)


async def apply_licence(session: Session, doctor_id: int) -> None:
    """A locked doctor offers slots until her best licence expires: from that clinic-local day on they are hidden."""
    best = await session.run(BEST, doctor_id)
    if best:
        await session.update(
            Doctor, doctor_id, licence_number=best[0]["number"], licence_expires_on=best[0]["expires_on"]
        )


def utc_day(now: datetime) -> date:
    """Documents are good until a day, not an instant: it is counted in UTC, as `now` is."""
    return now.date()
