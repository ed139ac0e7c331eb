"""Forgetting what nobody can use any more. Run now and then; nothing depends on when."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from auth.oauth.keys import AFTERLIFE
from auth.oauth.throttle import WINDOW
from models.oauth import (
    AuthorizationCode,
    BrowserSession,
    OneTimeLink,
    RefreshToken,
    RevokedToken,
    SignInAttempt,
    SigningKey,
    TokenFamily,
)

KEPT = timedelta(days=7)
"""How long what has expired is kept, so that its reuse is still noticed."""


def forget_expired(session: Session, now: datetime) -> int:
    """Deletes what has expired; returns how many rows."""
    past = now - KEPT
    done = (
        delete(SignInAttempt).where(SignInAttempt.attempted_at < now - WINDOW),
        delete(RevokedToken).where(RevokedToken.expires_at < now - AFTERLIFE),
        delete(OneTimeLink).where(OneTimeLink.expires_at < past),
        delete(AuthorizationCode).where(AuthorizationCode.expires_at < past),
        delete(RefreshToken).where(RefreshToken.expires_at < past),
        delete(TokenFamily).where(TokenFamily.expires_at < past),
        delete(BrowserSession).where(BrowserSession.expires_at < past),
        delete(SigningKey).where(SigningKey.retires_at < past),
    )
    return sum(len(session.execute(each.returning(each.table.c[0])).all()) for each in done)
