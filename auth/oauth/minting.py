"""Making JWTs: access tokens (RFC 9068) and id tokens (OpenID Connect)."""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from joserfc import jwt

from auth import scopes as scope_table
from auth.oauth.configuration import Configuration
from auth.oauth.keys import ALGORITHM, Signer


@dataclass(frozen=True)
class Grant:
    """What a token says: for whom (None: for the client itself), what may be done, and how she signed in."""

    client_id: str
    scopes: frozenset[str]
    user_id: int | None = None
    family_id: UUID | None = None
    auth_time: datetime | None = None
    amr: tuple[str, ...] = ()


@dataclass(frozen=True)
class Person:
    """What an id token may tell about somebody."""

    name: str
    email: str
    email_verified: bool


@dataclass(frozen=True)
class Minted:
    """An access token and when it expires."""

    token: str
    expires_at: datetime


def mint_access_token(
    signer: Signer, configuration: Configuration, grant: Grant, now: datetime, lifetime: timedelta | None = None
) -> Minted:
    expires_at = now + (lifetime or configuration.access_lifetime)
    claims: dict[str, object] = {
        "iss": configuration.issuer,
        "aud": configuration.resource,
        "sub": grant.client_id if grant.user_id is None else str(grant.user_id),
        "client_id": grant.client_id,
        "scope": scope_table.written(grant.scopes),
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": secrets.token_urlsafe(16),
    }
    if grant.family_id is not None:
        claims["sid"] = str(grant.family_id)
    claims |= _how(grant.auth_time, grant.amr)
    return Minted(_signed(signer, "at+jwt", claims), expires_at)


def mint_id_token(
    signer: Signer,
    configuration: Configuration,
    grant: Grant,
    person: Person,
    now: datetime,
    *,
    nonce: str | None,
    access_token: str,
) -> str:
    claims: dict[str, object] = {
        "iss": configuration.issuer,
        "aud": grant.client_id,
        "sub": str(grant.user_id),
        "iat": int(now.timestamp()),
        "exp": int((now + configuration.access_lifetime).timestamp()),
        "at_hash": _half_hash(access_token),
    }
    if nonce:
        claims["nonce"] = nonce
    if scope_table.Scope.PROFILE in grant.scopes:
        claims["name"] = person.name
    if scope_table.Scope.EMAIL in grant.scopes:
        claims |= {"email": person.email, "email_verified": person.email_verified}
    claims |= _how(grant.auth_time, grant.amr)
    return _signed(signer, "JWT", claims)


def _how(auth_time: datetime | None, amr: Iterable[str]) -> dict[str, object]:
    if auth_time is None:
        return {}
    return {"auth_time": int(auth_time.timestamp()), "amr": list(amr)}


def _half_hash(token: str) -> str:
    """The left half of the SHA-256, as ES256 asks (OpenID Connect Core, 3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


def _signed(signer: Signer, kind: str, claims: dict[str, object]) -> str:
    header = {"alg": ALGORITHM, "kid": signer.kid, "typ": kind}
    return jwt.encode(header, claims, signer.key, algorithms=[ALGORITHM])
