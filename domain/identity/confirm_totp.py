"""The authenticator app works: from now on sign-in asks for its code."""

from auth.authenticator import is_app_code, new_recovery_codes, plain_code, recovery_hash, step_of
from domain.identity.people import lock_user, own_id
from domain.refusal import Invalid
from domain.session import Session

FIND = "SELECT sealed_secret FROM totp_credentials WHERE user_id = $1 AND confirmed_at IS NULL"
CONFIRM = "UPDATE totp_credentials SET confirmed_at = $2, last_step = $3 WHERE user_id = $1"
KEEP_CODES = """
WITH before AS (DELETE FROM recovery_codes WHERE user_id = $1)
INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])
"""


async def confirm_totp(session: Session, code: str) -> tuple[int, list[str]]:
    """Confirms the app that was enrolled with a first code; returns the user's id and her recovery codes.

    Raises Invalid for a wrong code, and where nothing waits to be confirmed.
    """
    secret = session.installation.secret
    user_id = own_id(session)
    await lock_user(session, user_id)
    waiting = await session.run(FIND, user_id)
    if not waiting:
        raise Invalid({"code": "no authenticator app waits to be confirmed: enroll one first"})
    typed = plain_code(code)
    step = step_of(secret, user_id, waiting[0]["sealed_secret"], typed, session.now) if is_app_code(typed) else None
    if step is None:
        raise Invalid({"code": "this is not the code that the app shows now"})
    codes = new_recovery_codes()
    await session.run(CONFIRM, user_id, session.now, step)
    await session.run(KEEP_CODES, user_id, [recovery_hash(secret, user_id, each) for each in codes])
    session.audit("User", user_id)
    return user_id, codes
