"""Signatures of webhooks, as Stripe makes them: `t=<unix seconds>,v1=<HMAC-SHA256 over "<t>.<body>">`.

Several v1 signatures may stand side by side while a secret is exchanged; one that fits is enough.
"""

from datetime import datetime, timedelta

from stripe import SignatureVerificationError, WebhookSignature

from gateways.payments.errors import WebhookFault, WebhookRefused

TOLERANCE = timedelta(minutes=5)


def sign(body: str, secret: str, at: datetime) -> str:
    """The value of the signature's header."""
    header: str = WebhookSignature.generate_signature_header(body, secret, int(at.timestamp()))
    return header


def verify(body: bytes, header: str, secret: str, now: datetime) -> str:
    """The body as text. Raises WebhookRefused: BAD_SIGNATURE or STALE."""
    # The SDK compares texts in constant time, which Python does for ASCII only; everything genuine is ASCII here.
    if not header.isascii():
        raise WebhookRefused(WebhookFault.BAD_SIGNATURE)
    try:
        text = body.decode()
        # No tolerance given: the SDK would measure it by a clock of its own.
        WebhookSignature.verify_header(text, header, secret)
    except (SignatureVerificationError, UnicodeDecodeError):
        raise WebhookRefused(WebhookFault.BAD_SIGNATURE) from None
    if abs(now.timestamp() - _signed_at(header)) > TOLERANCE.total_seconds():
        raise WebhookRefused(WebhookFault.STALE)
    return text


def _signed_at(header: str) -> int:
    """The first `t`, which is the one that was verified."""
    items = (item.partition("=") for item in header.split(","))
    return next(int(value) for name, _, value in items if name == "t")
