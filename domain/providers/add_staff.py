"""Somebody who works for a clinic."""

from collections.abc import Mapping

from domain.fields import Fields
from domain.identity.invited_users import invite
from domain.identity.people import lock_user
from domain.identity.roles import announce_role, grant_role
from domain.providers.managing import check_administers, check_manages, lock_clinic
from domain.refusal import Invalid
from domain.session import Session
from models.enums import Role

ROLES = frozenset({Role.STAFF, Role.MANAGER})
FIND = "SELECT id FROM staff WHERE user_id = $1 AND clinic_id = $2"


async def add_staff(
    session: Session, clinic_id: int, role: Role, user_id: int | None, person: Mapping[str, str | None] | None
) -> int:
    """Gives a user, or a person whom it invites, a place at the clinic; returns the staff member's id.

    Managers take on STAFF by invitation; an administrator also MANAGERs, and users who are here already. Raises
    NotFound, Forbidden, Invalid, EmailAlreadyRegistered.
    """
    if role not in ROLES:
        raise Invalid({"role": "staff are STAFF or MANAGER"})
    if (user_id is None) == (person is None):
        raise Invalid({"userId": "give either a user or a person to invite"})
    if role is Role.MANAGER or user_id is not None:
        check_administers(session)
    if user_id is not None:
        await lock_user(session, user_id)
    clinic = await lock_clinic(session, clinic_id)
    await check_manages(session, clinic_id)
    if person is not None:
        user_id = await _invite(session, person, clinic["country"])
    assert user_id is not None
    if await grant_role(session, user_id, role, clinic_id):
        announce_role(session, user_id, role, clinic_id, held=True)
    (staff,) = await session.run(FIND, user_id, clinic_id)
    session.audit("StaffMember", staff["id"])
    return int(staff["id"])


async def _invite(session: Session, person: Mapping[str, str | None], country: str) -> int:
    fields = Fields()
    name, email = fields.name(person["name"] or ""), fields.email(person["email"] or "")
    phone, language = fields.phone(person["phone"], country), fields.language(person["language"])
    fields.check()
    return await invite(session, name=name, email=email, phone=phone, language=language)
