"""Inviting somebody who works here."""

from domain.constraints import EmailAlreadyRegistered
from domain.identity.outgoing_mails import queue_mail
from domain.identity.particulars import Wrong
from domain.identity.roles import announce_role, check_place, grant_role
from domain.refusal import Refusal
from domain.session import Session
from models import MailKind, User
from models.enums import Role, UserStatus

KNOWN = "SELECT true FROM users WHERE email = $1"


async def invite_user(session: Session, *, email: str, name: str, role: Role, clinic_id: int | None) -> int:
    """Makes a user who can sign in once she has chosen a password by the link of a mail; returns her id.

    Raises Invalid, NotFound for the clinic, EmailAlreadyRegistered.
    """
    wrong = Wrong()
    address, name = wrong.email(email), wrong.name(name)
    if role in (Role.PATIENT, Role.DOCTOR):
        wrong["role"] = "patients register or are made by createPatient, doctors are invited by inviteDoctor"
    wrong.check()
    check_place(role, clinic_id)
    if await session.run(KNOWN, address):
        raise _registered()
    user_id = await session.insert(
        User, name=name, email=address, status=UserStatus.INVITED, created_at=session.now, updated_at=session.now
    )
    await grant_role(session, user_id, role, clinic_id)
    await queue_mail(session, user_id, MailKind.INVITATION)
    session.audit("User", user_id)
    session.emit("user.created", "User", user_id, user_id=user_id)
    announce_role(session, user_id, role, clinic_id, held=True)
    return user_id


def _registered() -> Refusal:
    return EmailAlreadyRegistered(field="email")
