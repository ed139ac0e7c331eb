"""Browser sessions: who is signed in to the pages. A cookie holds a random token, the database its digest."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from auth.oauth.configuration import Configuration
from auth.oauth.families import revoke_families
from auth.oauth.secret import digest, new_token
from models import User
from models.enums import UserStatus
from models.oauth import AuthorizationCode, BrowserSession, FamilyEnd, TokenFamily

SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Browser:
    """What is noted of a browser, so that people recognise their sessions."""

    user_agent: str
    address: str


def begin_session(
    session: Session,
    configuration: Configuration,
    user_id: int,
    amr: list[str],
    browser: Browser,
    now: datetime,
    previous: BrowserSession | None = None,
) -> str:
    """Signs in; returns the cookie's new value. What the same user's `previous` session had authorized goes on;
    another user's is ended, with its tokens."""
    token, row = _made(configuration.session_lifetime, user_id, amr, browser, now, awaits_second_step=False)
    session.add(row)
    session.execute(update(User).where(User.id == user_id).values(last_login_at=now))
    session.flush()
    if previous is not None and previous.user_id == user_id:
        moved = {"session_id": row.id}
        session.execute(update(AuthorizationCode).where(AuthorizationCode.session_id == previous.id).values(moved))
        previous.ended_at = now
        session.flush()
        session.execute(update(TokenFamily).where(TokenFamily.session_id == previous.id).values(moved))
    elif previous is not None:
        end_session(session, previous.id, previous.user_id, now)
    return token


def begin_second_step(
    session: Session, configuration: Configuration, user_id: int, browser: Browser, now: datetime
) -> str:
    """The password was right and a second step is due; returns what the browser brings back with it."""
    token, row = _made(configuration.second_step_lifetime, user_id, ["pwd"], browser, now, awaits_second_step=True)
    session.add(row)
    session.flush()
    return token


def current_session(
    session: Session, configuration: Configuration, token: str | None, now: datetime, *, second_step: bool = False
) -> BrowserSession | None:
    """The living session of a cookie, if its user is active."""
    if not token:
        return None
    found = (
        select(BrowserSession)
        .join(User, User.id == BrowserSession.user_id)
        .where(
            BrowserSession.token_hash == digest(token),
            BrowserSession.awaits_second_step == second_step,
            BrowserSession.ended_at.is_(None),
            BrowserSession.expires_at > now,
            BrowserSession.last_seen_at > now - configuration.session_idle,
            User.status == UserStatus.ACTIVE,
        )
    )
    row = session.scalars(found).one_or_none()
    if row is not None and now - row.last_seen_at > SEEN_EVERY:
        row.last_seen_at = now
    return row


def sessions_of(session: Session, configuration: Configuration, user_id: int, now: datetime) -> list[BrowserSession]:
    """A user's living sessions, the one seen last first."""
    found = select(BrowserSession).where(
        BrowserSession.user_id == user_id,
        BrowserSession.awaits_second_step.is_(False),
        BrowserSession.ended_at.is_(None),
        BrowserSession.expires_at > now,
        BrowserSession.last_seen_at > now - configuration.session_idle,
    )
    return list(session.scalars(found.order_by(BrowserSession.last_seen_at.desc(), BrowserSession.id.desc())))


def end_session(session: Session, session_id: int, user_id: int, now: datetime) -> bool:
    """Ends one of the user's sessions and revokes what it had authorized; False if there is no such session."""
    which = (BrowserSession.id == session_id, BrowserSession.user_id == user_id, BrowserSession.ended_at.is_(None))
    ended = update(BrowserSession).where(*which).values(ended_at=now).returning(BrowserSession.id)
    if session.scalar(ended) is None:
        return False
    revoke_families(session, TokenFamily.session_id == session_id, FamilyEnd.SESSION_ENDED, now)
    return True


def end_everything(session: Session, user_id: int, because: FamilyEnd, now: datetime) -> None:
    """Ends all of a user's sessions and revokes all her tokens: the password changed, or the account is closed."""
    living = update(BrowserSession).where(BrowserSession.user_id == user_id, BrowserSession.ended_at.is_(None))
    session.execute(living.values(ended_at=now))
    revoke_families(session, TokenFamily.user_id == user_id, because, now)


def _made(
    lifetime: timedelta, user_id: int, amr: list[str], browser: Browser, now: datetime, *, awaits_second_step: bool
) -> tuple[str, BrowserSession]:
    token = new_token()
    row = BrowserSession(
        token_hash=digest(token),
        user_id=user_id,
        awaits_second_step=awaits_second_step,
        auth_time=now,
        amr=amr,
        created_at=now,
        last_seen_at=now,
        expires_at=now + lifetime,
        user_agent=browser.user_agent,
        address=browser.address,
    )
    return token, row
