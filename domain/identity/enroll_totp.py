"""Beginning to use an authenticator app."""

from dataclasses import dataclass, field

from auth.authenticator import address_of, new_shared_secret, seal_shared
from domain.identity.attempts import try_password
from domain.identity.people import lock_user, own_id
from domain.refusal import Conflict, Problem
from domain.session import Session
from models import User

ENROLL = """
INSERT INTO totp_credentials AS t (user_id, sealed_secret, created_at, last_step) VALUES ($1, $2, $3, 0)
ON CONFLICT (user_id) DO UPDATE SET sealed_secret = $2, created_at = $3, last_step = 0 WHERE t.confirmed_at IS NULL
RETURNING user_id
"""


@dataclass(frozen=True)
class Enrolment:
    """What the app has to be given: the secret to type, or the address to show as a QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


async def enroll_totp(session: Session, password: str) -> Enrolment | Problem:
    """Makes a secret for an authenticator app, in place of one that was not confirmed.

    A wrong password is returned, and counted as at sign-in. Raises Conflict when there is a confirmed app.
    """
    user = await session.find(User, own_id(session))
    if (problem := await try_password(session, user, password, "password")) is not None:
        return problem
    await lock_user(session, user["id"])
    shared = new_shared_secret()
    sealed = seal_shared(session.installation.secret, user["id"], shared)
    if not await session.run(ENROLL, user["id"], sealed, session.now):
        raise Conflict("there is an authenticator app already: take it away first")
    session.audit("User", user["id"])
    return Enrolment(shared, address_of(shared, user["email"]))
