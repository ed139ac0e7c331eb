"""An authenticator app (RFC 6238) and its recovery codes, without a database: what is made, sealed and compared."""

import base64
import hmac
import secrets
from datetime import datetime

import pyotp

from auth.oauth.secret import Secret

ISSUER = "Clinicgraph"
STEP = 30  # seconds
DRIFT = 1  # steps, each way
RECOVERY_CODES = 10
PURPOSE, RECOVERY_PURPOSE = "totp", "recovery codes"


def new_shared_secret() -> str:
    """What the app and we both know, in base 32."""
    return pyotp.random_base32()


def address_of(shared: str, email: str) -> str:
    """The `otpauth:` address that is shown to the app as a QR code."""
    return pyotp.TOTP(shared).provisioning_uri(name=email, issuer_name=ISSUER)


def seal_shared(secret: Secret, user_id: int, shared: str) -> bytes:
    """How it is stored: readable with the installation's secret, and for this user only."""
    return secret.seal(PURPOSE, str(user_id), shared.encode())


def step_of(secret: Secret, user_id: int, sealed: bytes, code: str, now: datetime) -> int | None:
    """The newest 30-second step, one before or after the present at most, whose code it is; None for a wrong code."""
    app = pyotp.TOTP(secret.open(PURPOSE, str(user_id), sealed).decode())
    present = int(now.timestamp()) // STEP
    steps = range(present - DRIFT, present + DRIFT + 1)
    return max(
        (step for step in steps if hmac.compare_digest(app.generate_otp(step).encode(), code.encode())), default=None
    )


def plain_code(typed: str) -> str:
    """A code as it was made, whatever spaces, hyphens and small letters it was typed with."""
    return "".join(typed.split()).replace("-", "").upper()


def is_app_code(code: str) -> bool:
    """Whether a plain code is one of the app; recovery codes are never digits only."""
    return code.isdecimal() and code.isascii()


def new_recovery_codes() -> list[str]:
    """80 random bits each, in four groups of letters and digits that are not mistaken for each other."""
    codes: list[str] = []
    while len(codes) < RECOVERY_CODES:
        code = base64.b32encode(secrets.token_bytes(10)).decode()
        if not code.isdecimal():
            codes.append("-".join(code[start : start + 4] for start in range(0, 16, 4)))
    return codes


def recovery_hash(secret: Secret, user_id: int, code: str) -> bytes:
    """How a recovery code is stored."""
    return secret.mac(RECOVERY_PURPOSE, str(user_id), plain_code(code))
