"""Somebody who works for a clinic no more."""

from domain.identity.roles import LET_GO, announce_role
from domain.providers.managing import check_administers, check_manages, lock_clinic
from domain.refusal import Conflict, Forbidden, NotFound
from domain.session import Session
from models import Staff
from models.enums import Role


async def remove_staff(session: Session, staff_id: int) -> int:
    """Her place at the clinic ends now, and with her last one the role; returns the staff member's id.

    A MANAGER is removed by an administrator. Raises NotFound, Forbidden, and Conflict for who has left already.
    """
    try:
        found = await session.find(Staff, staff_id)
    except NotFound:
        raise NotFound("there is no such member of staff", field="staffId") from None
    await session.run("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", found["user_id"])
    await lock_clinic(session, found["clinic_id"])
    await check_manages(session, found["clinic_id"])
    if found["user_id"] == session.viewer.user_id:
        raise Forbidden("nobody dismisses herself")
    member = await session.lock(Staff, staff_id)
    if member["role"] == Role.MANAGER:
        check_administers(session)
    if member["ended_at"] is not None and member["ended_at"] <= session.now:
        raise Conflict("she has left already", field="staffId", beside={"staff_id": staff_id})
    await session.update(Staff, staff_id, ended_at=session.now)
    await session.run(LET_GO, member["user_id"], session.now)
    announce_role(session, member["user_id"], Role(member["role"]), member["clinic_id"], held=False)
    session.audit("StaffMember", staff_id)
    return staff_id
