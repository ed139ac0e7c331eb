"""The second step: an authenticator app (RFC 6238), and recovery codes for when it is lost."""

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime

import pyotp
from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from auth.oauth.secret import Secret
from models import User
from models.oauth import RecoveryCode, TotpCredential

PURPOSE = "totp"
STEP = 30  # seconds
DRIFT = 1  # steps, each way
RECOVERY_CODES = 10
ISSUER = "Clinicgraph"


class AlreadyEnrolled(Exception):
    """There is a confirmed authenticator app: it has to be taken away first."""


@dataclass(frozen=True)
class Enrolment:
    """What the authenticator app has to be given: the secret to type, or the address to show as a QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def enroll(session: Session, secret: Secret, user_id: int, now: datetime) -> Enrolment:
    """Begins an enrolment, in place of one that was not confirmed. Raises AlreadyEnrolled."""
    email = session.execute(select(User.email).where(User.id == user_id)).scalar_one()
    shared = pyotp.random_base32()
    row = {
        "user_id": user_id,
        "sealed_secret": secret.seal(PURPOSE, str(user_id), shared.encode()),
        "created_at": now,
        "last_step": 0,
    }
    unconfirmed = (
        insert(TotpCredential)
        .values(row)
        .on_conflict_do_update(index_elements=["user_id"], set_=row, where=TotpCredential.confirmed_at.is_(None))
    )
    if session.scalar(unconfirmed.returning(TotpCredential.user_id)) is None:
        raise AlreadyEnrolled
    return Enrolment(shared, pyotp.TOTP(shared).provisioning_uri(name=email, issuer_name=ISSUER))


def confirm(session: Session, secret: Secret, user_id: int, code: str, now: datetime) -> list[str] | None:
    """Confirms with a first code; from then on sign-in asks for one. Recovery codes, shown once; None: a wrong code."""
    if not _use(session, secret, user_id, code, now, confirmed=False):
        return None
    session.execute(update(TotpCredential).where(TotpCredential.user_id == user_id).values(confirmed_at=now))
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(user_id=user_id, code_hash=_recovery_hash(secret, user_id, code)) for code in codes)
    session.flush()
    return codes


def disable(session: Session, user_id: int) -> None:
    """Sign-in asks for the password only again."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.execute(delete(TotpCredential).where(TotpCredential.user_id == user_id))


def is_enrolled(session: Session, user_id: int) -> bool:
    """Whether sign-in asks for a second step."""
    confirmed = TotpCredential.confirmed_at.is_not(None)
    return bool(session.scalar(select(exists().where(TotpCredential.user_id == user_id, confirmed))))


def use_second_step(session: Session, secret: Secret, user_id: int, typed: str, now: datetime) -> list[str] | None:
    """How she signed in (`amr`), if the code of the app or a recovery code is right; either is good once."""
    code = "".join(typed.split()).replace("-", "").upper()
    if code.isdecimal() and code.isascii():
        return ["pwd", "otp", "mfa"] if _use(session, secret, user_id, code, now, confirmed=True) else None
    return ["pwd", "mfa"] if _use_recovery_code(session, secret, user_id, code, now) else None


def _use(session: Session, secret: Secret, user_id: int, code: str, now: datetime, *, confirmed: bool) -> bool:
    row = session.get(TotpCredential, user_id)
    if row is None or (row.confirmed_at is not None) is not confirmed:
        return False
    app = pyotp.TOTP(secret.open(PURPOSE, str(user_id), row.sealed_secret).decode())
    present = int(now.timestamp()) // STEP
    steps = range(present - DRIFT, present + DRIFT + 1)
    matching = [step for step in steps if hmac.compare_digest(app.generate_otp(step).encode(), code.encode())]
    if not matching:
        return False
    newer = update(TotpCredential).where(TotpCredential.user_id == user_id, TotpCredential.last_step < max(matching))
    return session.scalar(newer.values(last_step=max(matching)).returning(TotpCredential.user_id)) is not None


def _use_recovery_code(session: Session, secret: Secret, user_id: int, code: str, now: datetime) -> bool:
    unused = update(RecoveryCode).where(
        RecoveryCode.user_id == user_id,
        RecoveryCode.code_hash == _recovery_hash(secret, user_id, code),
        RecoveryCode.used_at.is_(None),
    )
    return session.scalar(unused.values(used_at=now).returning(RecoveryCode.user_id)) is not None


def _new_recovery_code() -> str:
    """80 random bits in four groups, of letters and digits that are not mistaken for each other; never digits only."""
    while True:
        code = base64.b32encode(secrets.token_bytes(10)).decode()
        if not code.isdecimal():
            return "-".join(code[start : start + 4] for start in range(0, 16, 4))


def _recovery_hash(secret: Secret, user_id: int, code: str) -> bytes:
    return secret.mac("recovery codes", str(user_id), code.replace("-", ""))
