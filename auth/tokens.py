"""Verifying access tokens: ours, or those of an external issuer. What is wrong with one is an `InvalidToken`."""

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

OUR_ALGORITHMS = frozenset({"ES256"})
FOREIGN_ALGORITHMS = frozenset({"ES256", "ES384", "RS256", "PS256", "EdDSA", "Ed25519"})
TYPES = frozenset({"at+jwt", "application/at+jwt"})
LONGEST = 8_192  # characters
LEEWAY = 5  # seconds by which clocks may differ
REMEMBERED = 2_048  # tokens

Key = ECKey | RSAKey | OKPKey


class InvalidToken(Exception):
    """A token that is not accepted. `error` is RFC 6750's code, `status` what HTTP answers."""

    error = "invalid_token"
    status = 401

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description

    def challenge(self, metadata_url: str | None = None) -> str:
        """The `WWW-Authenticate` of the answer (RFC 6750, and RFC 9728 for where to get a token)."""
        where = f', resource_metadata="{metadata_url}"' if metadata_url else ""
        return f'Bearer error="{self.error}", error_description="{self.description}"{where}'


class CannotVerify(InvalidToken):
    """Nobody can say at the moment whether the token is good, so it is not accepted."""

    error = "temporarily_unavailable"
    status = 503


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that was verified says. `user_id` is None for a client's own token and for foreign subjects."""

    subject: str
    user_id: int | None
    client_id: str
    scopes: frozenset[str]
    jti: str
    family_id: str | None
    issuer: str
    issued_at: datetime
    expires_at: datetime
    auth_time: datetime | None
    amr: tuple[str, ...]
    email: str | None = None


class KeySource(Protocol):
    """Where the issuer's public keys are found."""

    async def key(self, kid: str) -> Mapping[str, object] | None:
        """The JWK with an id, or None. Raises CannotVerify if the keys cannot be had."""


class Refusals(Protocol):
    """What is refused although its signature is good: see `auth.revocations`."""

    def check(self, claims: Claims) -> None:
        """Raises InvalidToken for what was revoked, CannotVerify if that is not known."""


@dataclass(frozen=True)
class Expectation:
    """What a token must say to be meant for us."""

    issuer: str
    audience: str
    algorithms: Collection[str] = OUR_ALGORITHMS
    ours: bool = True


class TokenVerifier:
    """Verifies access tokens of one issuer. Remembers signatures that it has checked, never that a token is good."""

    def __init__(
        self, expected: Expectation, keys: KeySource, clock: Callable[[], datetime], refusals: Refusals | None = None
    ) -> None:
        self._expected = expected
        self._keys = keys
        self._clock = clock
        self._refusals = refusals
        self._remembered: dict[bytes, tuple[str, Claims]] = {}

    async def verify(self, token: str) -> Claims:
        """The claims of a good token. Raises InvalidToken."""
        kid, claims = self._remembered.get(digest := sha256(token.encode(errors="replace")).digest()) or (None, None)
        if kid is None or claims is None:
            kid = kid_of(token, self._expected.algorithms)
            claims = read(token, await self._key(kid), self._expected, self._clock())
            if len(self._remembered) >= REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[digest] = kid, claims
        else:
            await self._key(kid)
            if claims.expires_at.timestamp() + LEEWAY <= self._clock().timestamp():
                del self._remembered[digest]
                raise InvalidToken("the token has expired")
        if self._refusals is not None:
            self._refusals.check(claims)
        return claims

    async def _key(self, kid: str) -> Mapping[str, object]:
        jwk = await self._keys.key(kid)
        if jwk is None:
            raise InvalidToken("the token is signed with an unknown key")
        return jwk


def kid_of(token: str, algorithms: Collection[str]) -> str:
    """The id of the key that a token says it is signed with. Looks at the header only. Raises InvalidToken."""
    if len(token) > LONGEST:
        raise InvalidToken("the token is too long")
    header = _object(token.partition(".")[0])
    if str(header.get("typ", "")).lower() not in TYPES:
        raise InvalidToken("the token is not an access token: its typ is not at+jwt")
    if header.get("alg") not in algorithms:
        raise InvalidToken("the token is signed with an algorithm that is not accepted")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise InvalidToken("the token does not say with which key it is signed")
    return kid


def read(token: str, jwk: Mapping[str, object], expected: Expectation, now: datetime) -> Claims:
    """The claims of a token that this key has signed, and that is meant for us and for now. Raises InvalidToken."""
    try:
        decoded = jwt.decode(token, _imported(jwk), algorithms=list(expected.algorithms))
    except (JoseError, ValueError, TypeError):
        raise InvalidToken("the token's signature is not right") from None
    claims = decoded.claims
    if claims.get("iss") != expected.issuer:
        raise InvalidToken("the token is from another issuer")
    audience = claims.get("aud")
    if expected.audience not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidToken("the token is for another audience")
    try:
        return _claims(claims, expected, now.timestamp())
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise InvalidToken("the token lacks a claim, or has one of the wrong kind") from None


def _claims(claims: Mapping[str, object], expected: Expectation, now: float) -> Claims:
    expires, issued = _number(claims["exp"]), _number(claims["iat"])
    if expires + LEEWAY <= now:
        raise InvalidToken("the token has expired")
    if max(issued, _number(claims.get("nbf", issued))) - LEEWAY > now:
        raise InvalidToken("the token is not valid yet")
    subject, client_id, scope = _text(claims["sub"]), _text(claims["client_id"]), _text(claims.get("scope", ""))
    family, auth_time, amr, email = (claims.get(name) for name in ("sid", "auth_time", "amr", "email"))
    return Claims(
        subject=subject,
        user_id=int(subject) if expected.ours and subject != client_id else None,
        client_id=client_id,
        scopes=frozenset(scope.split()),
        jti=_text(claims["jti"]),
        family_id=None if family is None else _text(family),
        issuer=expected.issuer,
        issued_at=_instant(issued),
        expires_at=_instant(expires),
        auth_time=None if auth_time is None else _instant(_number(auth_time)),
        amr=tuple(_text(word) for word in amr) if isinstance(amr, list) else (),
        email=email if isinstance(email, str) and claims.get("email_verified") is True else None,
    )


def _imported(jwk: Mapping[str, object]) -> Key:
    return _key(frozenset((name, str(jwk[name])) for name in ("kty", "crv", "x", "y", "n", "e", "kid") if name in jwk))


@lru_cache(maxsize=64)
def _key(public: frozenset[tuple[str, str]]) -> Key:
    """The public key. Raises ValueError for one of a kind that no accepted algorithm uses."""
    parts: dict[str, str | list[str]] = dict(public)
    match parts.get("kty"):
        case "EC":
            return ECKey.import_key(parts)
        case "RSA":
            return RSAKey.import_key(parts)
        case "OKP":
            return OKPKey.import_key(parts)
    raise ValueError("kty")


def _object(part: str) -> dict[str, object]:
    try:
        value = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidToken("the token is malformed")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
