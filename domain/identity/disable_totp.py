"""Taking the authenticator app away."""

from auth.authenticator import is_app_code, plain_code, recovery_hash, step_of
from auth.oauth.throttle import Kind
from domain.identity.attempts import begin_tries, try_password
from domain.identity.people import lock_user, own_id
from domain.refusal import ErrorCode, Invalid, Problem
from domain.session import Session
from models import User

FIND = "SELECT sealed_secret, last_step FROM totp_credentials WHERE user_id = $1 AND confirmed_at IS NOT NULL"
UNUSED = "SELECT true FROM recovery_codes WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL"
TAKE_AWAY = """
WITH codes AS (DELETE FROM recovery_codes WHERE user_id = $1)
DELETE FROM totp_credentials WHERE user_id = $1
"""


async def disable_totp(session: Session, password: str | None, code: str | None) -> Problem | None:
    """Sign-in asks for the password only again. Proved by the password, a code of the app, or a recovery code.

    A wrong one is returned, and counted as at sign-in. Raises Invalid unless exactly one is given.
    """
    if (password is None) == (code is None):
        raise Invalid({"password": "give either the password or a code"})
    user = await session.find(User, own_id(session))
    if password is not None:
        problem = await try_password(session, user, password, "password")
    else:
        problem = await _try_code(session, user["id"], code or "")
    if problem is not None:
        return problem
    await lock_user(session, user["id"])
    await session.run(TAKE_AWAY, user["id"])
    session.audit("User", user["id"])
    return None


async def _try_code(session: Session, user_id: int, typed: str) -> Problem | None:
    wrong = "this code is wrong or was used, or too many were tried: then wait a quarter of an hour"
    tries = await begin_tries(session, Kind.SECOND_STEP, str(user_id))
    if tries is None:
        return Problem(ErrorCode.VALIDATION_ERROR, wrong, "code")
    return None if await _is_right(session, user_id, plain_code(typed)) else await tries.fail("code", wrong)


async def _is_right(session: Session, user_id: int, code: str) -> bool:
    secret = session.installation.secret
    if not is_app_code(code):
        return bool(await session.run(UNUSED, user_id, recovery_hash(secret, user_id, code)))
    confirmed = await session.run(FIND, user_id)
    step = step_of(secret, user_id, confirmed[0]["sealed_secret"], code, session.now) if confirmed else None
    return step is not None and step > confirmed[0]["last_step"]
