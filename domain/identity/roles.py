"""Giving and taking roles."""

from domain.identity.people import find_clinic
from domain.refusal import Conflict, Invalid
from domain.session import Session
from models.enums import Role

AT_A_CLINIC = frozenset({Role.STAFF, Role.MANAGER})

HOLD = """
INSERT INTO user_roles (user_id, role, granted_by_id, granted_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING role
"""
EMPLOY = """
INSERT INTO staff AS s (user_id, clinic_id, role, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (user_id, clinic_id) DO UPDATE SET role = $3, ended_at = NULL, updated_at = $4
  WHERE s.role <> $3 OR s.ended_at IS NOT NULL
RETURNING role
"""
# A role that counts for clinics is held as long as there is one.
LET_GO = """
DELETE FROM user_roles r WHERE r.user_id = $1 AND r.role IN ('STAFF', 'MANAGER') AND NOT EXISTS (
  SELECT FROM staff s WHERE s.user_id = $1 AND s.role = r.role AND (s.ended_at IS NULL OR s.ended_at > $2))
"""
# Two statements: what one reads while it waits for a lock is what was there before.
LOCK_ADMINS = "SELECT FROM user_roles WHERE role = 'ADMIN' ORDER BY user_id FOR UPDATE"
OTHERS = """
SELECT FROM user_roles r JOIN users u ON u.id = r.user_id
WHERE r.role = 'ADMIN' AND u.status = 'ACTIVE' AND r.user_id <> $1 LIMIT 1
"""
IS_ADMIN = "SELECT FROM user_roles WHERE user_id = $1 AND role = 'ADMIN'"


def check_place(role: Role, clinic_id: int | None) -> None:
    """Raises Invalid unless there is a clinic for a role that counts for clinics, and for no other."""
    if role in AT_A_CLINIC and clinic_id is None:
        raise Invalid({"clinicId": f"say for which clinic: {role} counts for clinics"})
    if role not in AT_A_CLINIC and clinic_id is not None:
        raise Invalid({"clinicId": f"{role} does not count for a clinic"})


async def grant_role(session: Session, user_id: int, role: Role, clinic_id: int | None) -> bool:
    """Gives a locked user a role, at a clinic; whether she did not have it. Raises NotFound for the clinic."""
    if clinic_id is not None:
        await find_clinic(session, clinic_id)
    given = bool(await session.run(HOLD, user_id, role, session.viewer.user_id, session.now))
    if clinic_id is not None:
        given = bool(await session.run(EMPLOY, user_id, clinic_id, role, session.now)) or given
        await session.run(LET_GO, user_id, session.now)
    return given


async def check_not_last_admin(session: Session, user_id: int) -> None:
    """Raises Conflict if nobody else could administer. Whoever asks at once is asked one after the other."""
    await session.run(LOCK_ADMINS)
    if await session.run(IS_ADMIN, user_id) and not await session.run(OTHERS, user_id):
        raise Conflict("there would be no administrator left", field="userId")


def announce_role(session: Session, user_id: int, role: Role, clinic_id: int | None, *, held: bool) -> None:
    """Tells others, and those who listen for whom a token is good."""
    session.emit("role.updated", "User", user_id, user_id=user_id, role=role, clinic_id=clinic_id, held=held)
