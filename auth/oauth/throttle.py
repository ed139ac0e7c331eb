"""Five failures in fifteen minutes, for an account or from an address, and no more is tried for a while.

An attempt is counted before it is made and taken out if it succeeds. So it cannot be outrun by trying at once, in
however many processes. What was typed as an account is counted whether there is such an account or not.
"""

import ipaddress
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.orm import Session

from auth.oauth.secret import Secret
from models.oauth import SignInAttempt

FAILURES = 5
WINDOW = timedelta(minutes=15)


class Kind(StrEnum):
    """What is attempted. Passwords and second steps are counted apart for an account, together for an address."""

    PASSWORD = "password"  # noqa: S105
    SECOND_STEP = "second step"
    RESET = "reset"


def begin_attempt(
    session: Session, secret: Secret, kind: Kind, account: str, address: str, now: datetime
) -> int | None:
    """The id of an attempt that may be made, or None. Commit before trying."""
    key, place = secret.mac(f"attempts: {kind}", account), _network(address)
    place = f"{kind} {place}" if kind is Kind.RESET else place
    locks = {int.from_bytes(mac[:8], "big", signed=True) for mac in (key, secret.mac("attempts: from", place))}
    for lock in sorted(locks):
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
    mine, here = SignInAttempt.account == key, SignInAttempt.address == place
    session.execute(delete(SignInAttempt).where(or_(mine, here), SignInAttempt.attempted_at <= now - WINDOW))
    counts = select(func.count().filter(mine), func.count().filter(here)).where(or_(mine, here))
    if max(session.execute(counts).one()) >= FAILURES:
        return None
    attempt = SignInAttempt(account=key, address=place, attempted_at=now)
    session.add(attempt)
    session.flush()
    return attempt.id


def forgive_attempt(session: Session, attempt: int) -> None:
    """It succeeded. Failures before it stay counted: a guesser may have an account of his own."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.id == attempt))


def _network(address: str) -> str:
    """An IPv6 customer has at least 2^64 addresses, which count as one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
