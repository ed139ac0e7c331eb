"""Ending one of one's sessions."""

from domain.identity.ends import end_one
from domain.identity.people import lock_user, own_id
from domain.refusal import NotFound
from domain.session import Session


async def end_session(session: Session, session_id: int) -> int:
    """Signs a browser out and revokes what was authorized from it; returns the session's id. Raises NotFound."""
    user_id = own_id(session)
    await lock_user(session, user_id)
    if not await end_one(session, session_id, user_id):
        raise NotFound("there is no such session", field="sessionId")
    session.audit("BrowserSession", session_id)
    return session_id
