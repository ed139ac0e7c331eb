"""Letting a suspended user in again."""

from domain.identity.outgoing_mails import queue_mail
from domain.identity.people import lock_user
from domain.refusal import Conflict
from domain.session import Session
from models import MailKind, User
from models.enums import UserStatus


async def reactivate_user(session: Session, user_id: int) -> int:
    """She may sign in again, or, if she never chose a password, gets a new invitation; returns her id.

    What was ended stays ended. Raises NotFound, and Conflict for a user who is not suspended.
    """
    user = await lock_user(session, user_id)
    if user["status"] != UserStatus.SUSPENDED:
        raise Conflict("this user is not suspended", field="userId")
    never_came = user["password_hash"] is None and user["email_verified_at"] is None and user["last_login_at"] is None
    await session.update(User, user_id, status=UserStatus.INVITED if never_came else UserStatus.ACTIVE)
    if never_came:
        await queue_mail(session, user_id, MailKind.INVITATION)
    session.audit("User", user_id)
    return user_id
