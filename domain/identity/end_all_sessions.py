"""Signing out everywhere."""

from domain.identity.ends import end_everything
from domain.identity.people import lock_user, own_id
from domain.session import Session
from models.oauth import FamilyEnd


async def end_all_sessions(session: Session) -> int:
    """Ends all of one's sessions and revokes all tokens, this one too; returns the user's id."""
    user_id = own_id(session)
    await lock_user(session, user_id)
    await end_everything(session, user_id, FamilyEnd.SESSION_ENDED)
    session.audit("User", user_id)
    return user_id
