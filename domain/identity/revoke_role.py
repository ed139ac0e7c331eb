"""Taking a role from a user."""

from domain.identity.people import lock_user
from domain.identity.roles import AT_A_CLINIC, LET_GO, announce_role, check_not_last_admin
from domain.refusal import Invalid
from domain.session import Session
from models.enums import Role

TAKE = "DELETE FROM user_roles WHERE user_id = $1 AND role = $2 RETURNING role"
DISMISS = """
UPDATE staff SET ended_at = $4, updated_at = $4
WHERE user_id = $1 AND role = $2 AND clinic_id = coalesce($3, clinic_id) AND (ended_at IS NULL OR ended_at > $4)
RETURNING clinic_id
"""


async def revoke_role(session: Session, user_id: int, role: Role, clinic_id: int | None) -> int:
    """Takes a role, STAFF and MANAGER from one clinic or, without one, from all. Returns the user's id.

    What she does not have is no error. Raises NotFound, Invalid, and Conflict for the last administrator.
    """
    if clinic_id is not None and role not in AT_A_CLINIC:
        raise Invalid({"clinicId": f"{role} does not count for a clinic"})
    await lock_user(session, user_id)
    if role is Role.ADMIN:
        await check_not_last_admin(session, user_id)
    if role in AT_A_CLINIC:
        taken = await session.run(DISMISS, user_id, role, clinic_id, session.now)
        await session.run(LET_GO, user_id, session.now)
    else:
        taken = await session.run(TAKE, user_id, role)
    if taken:
        session.audit("User", user_id, reason=role)
        announce_role(session, user_id, role, clinic_id, held=False)
    return user_id
