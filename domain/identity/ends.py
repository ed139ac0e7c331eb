"""Where somebody is signed in, ended: browser sessions, and the tokens of applications. Triggers tell every process."""

from domain.session import Session
from models.oauth import FamilyEnd

END_ALL = """
WITH sessions AS (UPDATE browser_sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL)
UPDATE token_families SET revoked_at = $2, revoked_because = $3 WHERE user_id = $1 AND revoked_at IS NULL
"""
END_ONE = "UPDATE browser_sessions SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL RETURNING id"
REVOKE = "UPDATE token_families SET revoked_at = $2, revoked_because = $3 WHERE session_id = $1 AND revoked_at IS NULL"
END_LINKS = """
UPDATE one_time_links SET used_at = $2
WHERE user_id = $1 AND used_at IS NULL AND purpose IN ('RESET_PASSWORD', 'INVITATION')
"""


async def end_everything(session: Session, user_id: int, because: FamilyEnd) -> None:
    """Ends all of a user's sessions and revokes all her tokens."""
    await session.run(END_ALL, user_id, session.now, because)


async def end_one(session: Session, session_id: int, user_id: int) -> bool:
    """Ends one of the user's sessions and revokes what it had authorized; False if there is none that lives."""
    if not await session.run(END_ONE, session_id, user_id, session.now):
        return False
    await session.run(REVOKE, session_id, session.now, FamilyEnd.SESSION_ENDED)
    return True


async def end_links(session: Session, user_id: int) -> None:
    """Links to choose a password stop working."""
    await session.run(END_LINKS, user_id, session.now)
