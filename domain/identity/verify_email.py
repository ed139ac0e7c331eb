"""Verifying an address by the link that was sent to it."""

from auth.oauth.secret import digest
from domain.refusal import NotFound
from domain.session import Session

FIND = "SELECT user_id FROM one_time_links WHERE token_hash = $1 AND purpose = 'VERIFY_EMAIL'"
LOCK = "SELECT status FROM users WHERE id = $1 AND status <> 'SUSPENDED' FOR NO KEY UPDATE"
USE = """
UPDATE one_time_links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING user_id
"""
VERIFY = """
UPDATE users SET email_verified_at = coalesce(email_verified_at, $2), version = version + 1, updated_at = $2,
  status = CASE WHEN status = 'INVITED' AND password_hash IS NOT NULL THEN 'ACTIVE' ELSE status END
WHERE id = $1 RETURNING email
"""


async def verify_email(session: Session, token: str) -> str:
    """Uses the link up; its user, if she has chosen a password, can sign in from now on. Returns the address.

    Raises NotFound for a link that is not good, or not any more.
    """
    session.check_people_sign_in_here()
    token_hash = digest(token)
    no_good = NotFound("this link was used before, or is too old, or a newer one was sent", field="token")
    found = await session.run(FIND, token_hash)
    if not found:
        raise no_good
    user_id = found[0]["user_id"]
    if not await session.run(LOCK, user_id) or not await session.run(USE, token_hash, session.now):
        raise no_good
    ((email,),) = await session.run(VERIFY, user_id, session.now)
    session.audit("User", user_id)
    return str(email)
