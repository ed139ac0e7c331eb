"""Who may change what a clinic and its people are."""

from asyncpg import Record

from domain.refusal import Conflict, Forbidden, NotFound
from domain.session import Session
from models import Clinic, Doctor
from models.enums import Role

MANAGED = """
SELECT clinic_id FROM staff WHERE user_id = $1 AND role = 'MANAGER' AND (ended_at IS NULL OR ended_at > $2)
"""


async def managed_clinics(session: Session) -> frozenset[int]:
    """The clinics that the viewer manages; not those that she merely works for."""
    viewer = session.viewer
    if viewer.user_id is None or Role.MANAGER not in viewer.roles:
        return frozenset()
    rows = await session.run(MANAGED, viewer.user_id, session.now)
    return frozenset(row["clinic_id"] for row in rows).intersection(viewer.clinic_ids)


async def check_manages(session: Session, clinic_id: int) -> None:
    """Raises Forbidden for all but the clinic's managers, and those who see everything."""
    if not session.viewer.sight.everything and clinic_id not in await managed_clinics(session):
        raise Forbidden("this clinic is for others to manage")


def check_administers(session: Session) -> None:
    """Raises Forbidden for all but administrators and services."""
    if not session.viewer.sight.everything:
        raise Forbidden("this is for administrators")


async def lock_clinic(session: Session, clinic_id: int) -> Record:
    """The clinic, locked. Raises NotFound."""
    try:
        return await session.lock(Clinic, clinic_id)
    except NotFound:
        raise NotFound("there is no such clinic", field="clinicId") from None


async def lock_doctor(session: Session, doctor_id: int) -> Record:
    """The doctor, locked. Raises NotFound."""
    try:
        return await session.lock(Doctor, doctor_id)
    except NotFound:
        raise NotFound("there is no such doctor", field="doctorId") from None


def check_version(row: Record, version: int | None, **record: int) -> None:
    """Raises Conflict, with the id of the record as it is now, unless the version is the one that is changed."""
    if version is not None and version != row["version"]:
        raise Conflict(field="version", beside=record)
