"""The second step of signing in: the code of an authenticator app, or a recovery code for when it is lost."""

from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from auth.authenticator import is_app_code, plain_code, recovery_hash, step_of
from auth.oauth.secret import Secret
from models.oauth import RecoveryCode, TotpCredential


def is_enrolled(session: Session, user_id: int) -> bool:
    """Whether sign-in asks for a second step."""
    confirmed = TotpCredential.confirmed_at.is_not(None)
    return bool(session.scalar(select(exists().where(TotpCredential.user_id == user_id, confirmed))))


def use_second_step(session: Session, secret: Secret, user_id: int, typed: str, now: datetime) -> list[str] | None:
    """How she signed in (`amr`), if the code of the app or a recovery code is right; either is good once."""
    code = plain_code(typed)
    if is_app_code(code):
        return ["pwd", "otp", "mfa"] if _use_app_code(session, secret, user_id, code, now) else None
    return ["pwd", "mfa"] if _use_recovery_code(session, secret, user_id, code, now) else None


def _use_app_code(session: Session, secret: Secret, user_id: int, code: str, now: datetime) -> bool:
    row = session.get(TotpCredential, user_id)
    if row is None or row.confirmed_at is None:
        return False
    step = step_of(secret, user_id, row.sealed_secret, code, now)
    if step is None:
        return False
    newer = update(TotpCredential).where(TotpCredential.user_id == user_id, TotpCredential.last_step < step)
    return session.scalar(newer.values(last_step=step).returning(TotpCredential.user_id)) is not None


def _use_recovery_code(session: Session, secret: Secret, user_id: int, code: str, now: datetime) -> bool:
    unused = update(RecoveryCode).where(
        RecoveryCode.user_id == user_id,
        RecoveryCode.code_hash == recovery_hash(secret, user_id, code),
        RecoveryCode.used_at.is_(None),
    )
    return session.scalar(unused.values(used_at=now).returning(RecoveryCode.user_id)) is not None
