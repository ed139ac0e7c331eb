"""Trying passwords and codes: counted together with those at sign-in, five failures in fifteen minutes.

A failure must stay counted, so it is an answer that is committed, and not a refusal. Nothing is held while a password
is hashed: whoever tries waits for the others only afterwards, and is told nothing once there were too many.
"""

from dataclasses import dataclass

from asyncpg import Record

from auth.oauth.throttle import FAILURES, WINDOW, Kind
from auth.passwords import check_password
from domain.refusal import ErrorCode, Problem
from domain.session import Session

COUNT = "SELECT count(*) AS failures FROM sign_in_attempts WHERE account = $1 AND attempted_at > $2"
NOTE = "INSERT INTO sign_in_attempts (account, address, attempted_at) VALUES ($1, $2, $3)"


@dataclass(frozen=True)
class Tries:
    """Attempts at one account, which nobody else makes until the end of the transaction."""

    session: Session
    account: bytes

    async def fail(self, field: str, message: str) -> Problem:
        """Counts a failure; what to answer."""
        await self.session.run(NOTE, self.account, "", self.session.now)
        return Problem(ErrorCode.VALIDATION_ERROR, message, field)


async def begin_tries(session: Session, kind: str, account: str) -> Tries | None:
    """None after too many failures: then nothing is tried for a while."""
    key = session.installation.secret.mac(f"attempts: {kind}", account)
    await session.run("SELECT pg_advisory_xact_lock($1)", int.from_bytes(key[:8], "big", signed=True))
    ((failures,),) = await session.run(COUNT, key, session.now - WINDOW)
    return Tries(session, key) if failures < FAILURES else None


async def try_password(session: Session, user: Record, password: str, field: str) -> Problem | None:
    """None if it is the user's password. The same answer for a wrong one and after too many."""
    wrong = "this is not your password, or it was tried too often: then wait a quarter of an hour"
    work = session.installation.password_work
    verdict = await check_password(user["password_hash"], password, work)
    tries = await begin_tries(session, Kind.PASSWORD, user["email"])
    if tries is None:
        return Problem(ErrorCode.VALIDATION_ERROR, wrong, field)
    return None if verdict.matches else await tries.fail(field, wrong)
