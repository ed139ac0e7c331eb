"""Users that somebody else makes: they sign in once they have chosen a password by the link of a mail."""

from domain.constraints import EmailAlreadyRegistered
from domain.identity.outgoing_mails import queue_mail
from domain.session import Session
from models import MailKind, User
from models.enums import UserStatus


async def invite(session: Session, *, name: str, email: str, phone: str | None, language: str) -> int:
    """Makes a user from checked particulars, and has her invited; returns her id. Raises EmailAlreadyRegistered."""
    if await session.run("SELECT true FROM users WHERE email = $1", email):
        raise EmailAlreadyRegistered(field="email")
    user_id = await session.insert(
        User,
        name=name,
        email=email,
        phone=phone,
        language=language,
        status=UserStatus.INVITED,
        created_at=session.now,
        updated_at=session.now,
    )
    await queue_mail(session, user_id, MailKind.INVITATION)
    session.audit("User", user_id)
    session.emit("user.created", "User", user_id, user_id=user_id)
    return user_id
