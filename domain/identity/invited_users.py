"""Users that somebody else makes: they sign in once they have chosen a password by the link of a mail."""

from domain.constraints import EmailAlreadyRegistered
from domain.identity.outgoing_mails import queue_mail
from domain.identity.roles import announce_role, grant_role
from domain.session import Session
from models import MailKind, User
from models.enums import Role, UserStatus


async def invite(session: Session, *, name: str, email: str, phone: str | None = None, language: str = "en") -> int:
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


async def invite_as_patient(session: Session, *, name: str, email: str, phone: str | None, language: str | None) -> int:
    """As `invite`, for somebody whose patient's profile is to be her user's."""
    user_id = await invite(session, name=name, email=email, phone=phone, language=language or "en")
    await grant_role(session, user_id, Role.PATIENT, None)
    announce_role(session, user_id, Role.PATIENT, None, held=True)
    return user_id
