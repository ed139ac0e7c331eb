"""The keys that sign our tokens: kept sealed in the database, one signing, all published until nobody needs them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from joserfc.jwk import ECKey
from sqlalchemy import or_, select, text, update
from sqlalchemy.orm import Session

from auth.oauth.configuration import Configuration
from auth.oauth.secret import Secret
from models.oauth import SigningKey

ALGORITHM = "ES256"
PURPOSE = "signing keys"
LOCK = 5_390_614_127_733_809_021  # any number, the same in every process
AFTERLIFE = timedelta(days=1)
"""How long a key stays published after another has begun to sign: longer than any token lives."""


@dataclass(frozen=True)
class Signer:
    """The key that signs now."""

    kid: str
    key: ECKey


def current_signer(session: Session, configuration: Configuration, now: datetime) -> Signer:
    """The key to sign with; the first one is made here."""
    found = _newest(session, now)
    if found is None:
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        found = _newest(session, now) or _add(session, configuration.secret, now, signs_from=now)
    return Signer(found.kid, _opened(configuration.secret, found.kid, found.sealed_private_key))


def rotate_keys(session: Session, configuration: Configuration, now: datetime) -> str:
    """Adds a key, which signs once it has been published for a while, and lets those before it retire. Its kid."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    starts = now + configuration.key_lead
    session.execute(update(SigningKey).where(SigningKey.retires_at.is_(None)).values(retires_at=starts + AFTERLIFE))
    return _add(session, configuration.secret, now, signs_from=starts).kid


def published_keys(session: Session, now: datetime) -> list[dict[str, str]]:
    """The public keys with which a token that is still good may have been signed, or soon will be."""
    alive = or_(SigningKey.retires_at.is_(None), SigningKey.retires_at > now)
    return list(session.scalars(select(SigningKey.public_jwk).where(alive).order_by(SigningKey.signs_from.desc())))


def _newest(session: Session, now: datetime) -> SigningKey | None:
    alive = or_(SigningKey.retires_at.is_(None), SigningKey.retires_at > now)
    started = select(SigningKey).where(SigningKey.signs_from <= now, alive)
    return session.scalars(started.order_by(SigningKey.signs_from.desc()).limit(1)).one_or_none()


def _add(session: Session, secret: Secret, now: datetime, *, signs_from: datetime) -> SigningKey:
    key = ECKey.generate_key("P-256", auto_kid=True)
    kid = str(key.kid)
    public = {name: str(value) for name, value in key.as_dict(private=False).items()}
    row = SigningKey(
        kid=kid,
        public_jwk=public | {"use": "sig", "alg": ALGORITHM},
        sealed_private_key=secret.seal(PURPOSE, kid, key.as_pem(private=True)),
        created_at=now,
        signs_from=signs_from,
    )
    session.add(row)
    session.flush()
    return row


@lru_cache(maxsize=16)
def _opened(secret: Secret, kid: str, sealed: bytes) -> ECKey:
    return ECKey.import_key(secret.open(PURPOSE, kid, sealed))
