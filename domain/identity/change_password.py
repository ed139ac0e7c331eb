"""Changing one's password."""

from auth.passwords import hash_password
from domain.identity.attempts import try_password
from domain.identity.ends import end_everything, end_links
from domain.identity.outgoing_mails import queue_mail
from domain.identity.particulars import Wrong
from domain.identity.people import lock_user, own_id
from domain.refusal import Conflict, Problem
from domain.session import Session
from models import MailKind, User
from models.oauth import FamilyEnd


async def change_password(session: Session, current: str, new: str) -> Problem | None:
    """Sets a new password and ends all sessions and tokens, this one's too; a mail says so.

    A wrong current password is returned, and counted as at sign-in. Raises Invalid, and Conflict if it was changed
    this moment.
    """
    user = await session.find(User, own_id(session))
    wrong = Wrong()
    wrong.password("newPassword", new, user["email"])
    wrong.check()
    hashed = await hash_password(new, session.installation.password_work)
    if (problem := await try_password(session, user, current, "currentPassword")) is not None:
        return problem
    if (await lock_user(session, user["id"]))["password_hash"] != user["password_hash"]:
        raise Conflict("the password was changed this moment")
    await session.update(User, user["id"], password_hash=hashed)
    await end_links(session, user["id"])
    await end_everything(session, user["id"], FamilyEnd.CREDENTIALS_CHANGED)
    await queue_mail(session, user["id"], MailKind.PASSWORD_CHANGED)
    session.audit("User", user["id"])
    return None
