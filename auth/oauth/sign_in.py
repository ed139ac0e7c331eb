"""Signing in with a password, and with a second step for those who have one.

Each does its work in short transactions of its own, because the attempt has to be counted before it is made, and
because no connection is held while a password is hashed.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from auth.oauth import sessions as browser_sessions
from auth.oauth import totp
from auth.oauth.configuration import Configuration
from auth.oauth.sessions import Browser
from auth.oauth.throttle import Kind, begin_attempt, forgive_attempt
from auth.passwords import Verdict, check_password
from models import User
from models.enums import UserStatus

LONGEST_EMAIL = 254


@dataclass(frozen=True)
class SignedIn:
    """The password was right. `token` is the cookie of the session, or of the second step if one is due."""

    token: str
    second_step_due: bool


@dataclass(frozen=True)
class Account:
    """Somebody who could sign in."""

    user_id: int
    password_hash: str


async def sign_in(
    sessions: async_sessionmaker[AsyncSession],
    configuration: Configuration,
    email: str,
    password: str,
    browser: Browser,
    now: datetime,
    previous: str | None = None,
) -> SignedIn | None:
    """None for a wrong name, a wrong password, an account that is not active, and after too many failures alike."""
    email = normal_email(email)
    async with sessions.begin() as session:
        attempt = await session.run_sync(
            begin_attempt, configuration.secret, Kind.PASSWORD, email, browser.address, now
        )
        account = await session.run_sync(_account, email)
    if attempt is None:
        return None
    verdict = await check_password(account.password_hash if account else None, password, configuration.password_work)
    if account is None or not verdict.matches:
        return None
    async with sessions.begin() as session:
        return await session.run_sync(_begin, configuration, account, verdict, attempt, browser, now, previous)


async def second_step(
    sessions: async_sessionmaker[AsyncSession],
    configuration: Configuration,
    pending: str,
    typed: str,
    browser: Browser,
    now: datetime,
    previous: str | None = None,
) -> str | None:
    """The cookie of the session; None for a wrong or used code, and after too many failures."""
    async with sessions.begin() as session:
        waiting = await session.run_sync(_waiting, configuration, pending, now)
        if waiting is None:
            return None
        attempt = await session.run_sync(
            begin_attempt, configuration.secret, Kind.SECOND_STEP, str(waiting), browser.address, now
        )
    if attempt is None:
        return None
    async with sessions.begin() as session:
        return await session.run_sync(_finish, configuration, waiting, pending, typed, attempt, browser, now, previous)


def normal_email(email: str) -> str:
    """An address as the database keeps it; what cannot be one is the empty string."""
    email = email.strip().lower()
    return email if len(email) <= LONGEST_EMAIL and email.isprintable() else ""


def _account(session: Session, email: str) -> Account | None:
    found = select(User.id, User.password_hash).where(User.email == email, User.status == UserStatus.ACTIVE)
    row = session.execute(found).one_or_none()
    return None if row is None or row.password_hash is None else Account(row.id, row.password_hash)


def _unchanged(session: Session, account: Account) -> bool:
    """Whether the password that was checked is still hers. Her row stays as it is until the session has begun."""
    same = (User.id == account.user_id, User.password_hash == account.password_hash)
    found = select(User.id).where(*same, User.status == UserStatus.ACTIVE)
    return session.scalar(found.with_for_update(key_share=True)) is not None


def _begin(
    session: Session,
    configuration: Configuration,
    account: Account,
    verdict: Verdict,
    attempt: int,
    browser: Browser,
    now: datetime,
    previous: str | None,
) -> SignedIn | None:
    if not _unchanged(session, account):
        return None
    forgive_attempt(session, attempt)
    if verdict.rehashed is not None:
        session.execute(update(User).where(User.id == account.user_id).values(password_hash=verdict.rehashed))
    if totp.is_enrolled(session, account.user_id):
        token = browser_sessions.begin_second_step(session, configuration, account.user_id, browser, now)
        return SignedIn(token, second_step_due=True)
    before = browser_sessions.current_session(session, configuration, previous, now)
    token = browser_sessions.begin_session(session, configuration, account.user_id, ["pwd"], browser, now, before)
    return SignedIn(token, second_step_due=False)


def _waiting(session: Session, configuration: Configuration, pending: str, now: datetime) -> int | None:
    row = browser_sessions.current_session(session, configuration, pending, now, second_step=True)
    return None if row is None else row.user_id


def _finish(
    session: Session,
    configuration: Configuration,
    user_id: int,
    pending: str,
    typed: str,
    attempt: int,
    browser: Browser,
    now: datetime,
    previous: str | None,
) -> str | None:
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    row = browser_sessions.current_session(session, configuration, pending, now, second_step=True)
    if row is None:
        return None
    amr = totp.use_second_step(session, configuration.secret, row.user_id, typed, now)
    if amr is None:
        return None
    forgive_attempt(session, attempt)
    row.ended_at = now
    before = browser_sessions.current_session(session, configuration, previous, now)
    return browser_sessions.begin_session(session, configuration, row.user_id, amr, browser, now, before)
