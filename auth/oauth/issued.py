"""Finding what a token is, for those who hand one in to be revoked or looked at."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from auth.oauth.clients import Client
from auth.oauth.configuration import Configuration
from auth.oauth.keys import published_keys
from auth.oauth.secret import digest
from auth.tokens import OUR_ALGORITHMS, Claims, Expectation, InvalidToken, kid_of, read
from models import User
from models.enums import UserStatus
from models.oauth import OAuthClient, RefreshToken, RevokedToken, TokenFamily


@dataclass(frozen=True)
class AccessToken:
    """One of our access tokens that has not expired."""

    claims: Claims
    revoked: bool

    def check_client(self, client: Client) -> bool:
        return self.claims.client_id == client.id


@dataclass(frozen=True)
class KnownRefreshToken:
    """A refresh token of ours, used or not."""

    row: RefreshToken
    family: TokenFamily
    usable: bool

    def check_client(self, client: Client) -> bool:
        return self.family.client_id == client.id


def find(
    session: Session, configuration: Configuration, token: str, now: datetime
) -> AccessToken | KnownRefreshToken | None:
    """What a token is; None for what is not ours or has expired."""
    if (row := session.get(RefreshToken, digest(token))) is not None:
        family = session.get_one(TokenFamily, row.family_id)
        good = row.used_at is None and row.expires_at > now and family.revoked_at is None
        return KnownRefreshToken(row, family, good and _active(session, family.user_id, family.client_id))
    try:
        kid = kid_of(token, OUR_ALGORITHMS)
        jwk = next((key for key in published_keys(session, now) if key["kid"] == kid), None)
        if jwk is None:
            return None
        claims = read(token, jwk, Expectation(configuration.issuer, configuration.resource), now)
    except InvalidToken:
        return None
    return AccessToken(claims, _revoked(session, claims))


def _revoked(session: Session, claims: Claims) -> bool:
    gone = select(RevokedToken.jti).where(RevokedToken.jti == claims.jti)
    ended = select(TokenFamily.id).where(TokenFamily.id == claims.family_id, TokenFamily.revoked_at.is_not(None))
    if session.scalar(select(or_(gone.exists(), ended.exists()))):
        return True
    return not _active(session, claims.user_id, claims.client_id)


def _active(session: Session, user_id: int | None, client_id: str) -> bool:
    client = session.get(OAuthClient, client_id)
    if client is None or client.disabled_at is not None:
        return False
    user = session.get(User, user_id) if user_id is not None else None
    return user_id is None or (user is not None and user.status is UserStatus.ACTIVE)
