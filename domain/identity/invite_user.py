"""Inviting somebody who works here."""

from domain.identity.invited_users import invite
from domain.identity.particulars import Wrong
from domain.identity.roles import announce_role, check_place, grant_role
from domain.session import Session
from models.enums import Role


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
    user_id = await invite(session, name=name, email=address)
    await grant_role(session, user_id, role, clinic_id)
    announce_role(session, user_id, role, clinic_id, held=True)
    return user_id
