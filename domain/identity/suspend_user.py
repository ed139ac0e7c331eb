"""Keeping a user out."""

from domain.identity.ends import end_everything, end_links
from domain.identity.particulars import Wrong
from domain.identity.people import lock_user
from domain.identity.roles import check_not_last_admin
from domain.refusal import Conflict
from domain.session import Session
from models import User
from models.enums import UserStatus
from models.oauth import FamilyEnd


async def suspend_user(session: Session, user_id: int, reason: str) -> int:
    """Ends all sessions of a user and stops all her tokens, in every process at once; returns her id.

    Raises Invalid without a reason, NotFound, and Conflict for oneself and for the last administrator.
    """
    wrong = Wrong()
    why = wrong.reason(reason, needed=True)
    wrong.check()
    user = await lock_user(session, user_id)
    if user_id == session.viewer.user_id:
        raise Conflict("nobody suspends herself", field="userId")
    if user["status"] == UserStatus.SUSPENDED:
        return user_id
    await check_not_last_admin(session, user_id)
    await session.update(User, user_id, status=UserStatus.SUSPENDED)
    await end_links(session, user_id)
    await end_everything(session, user_id, FamilyEnd.ACCOUNT_CLOSED)
    session.audit("User", user_id, reason=why)
    session.emit("user.suspended", "User", user_id, user_id=user_id)
    return user_id
