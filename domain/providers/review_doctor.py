"""What approving and rejecting a doctor have in common."""

from asyncpg import Record

from domain.providers.managing import check_version, lock_doctor
from domain.refusal import Forbidden
from domain.session import Session


async def lock_reviewed(session: Session, doctor_id: int, version: int | None) -> Record:
    """The doctor, locked, if the viewer may judge her. Raises NotFound, Conflict, and Forbidden for herself."""
    doctor = await lock_doctor(session, doctor_id)
    check_not_oneself(session, doctor)
    check_version(doctor, version, doctor_id=doctor_id)
    return doctor


def check_not_oneself(session: Session, doctor: Record) -> None:
    """Raises Forbidden for the doctor herself, whatever else she is."""
    if session.viewer.user_id is not None and doctor["user_id"] == session.viewer.user_id:
        raise Forbidden("nobody reviews herself")
