"""What the tests of all gateways order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateways.payments import Capture, Order, PaymentReference, WriteKey

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "whsec_of_the_tests"
ORDER = Order(
    payment=PaymentReference("pay_17"),
    amount_minor=5_000,
    currency="EUR",
    description="Visit at Harbour Clinic",
    capture=Capture.AUTOMATIC,
    return_url="http://127.0.0.1:8000/paid",
    expires_at=NOW + timedelta(hours=1),
)
HELD_ORDER = replace(ORDER, capture=Capture.MANUAL)


def key(name: str) -> WriteKey:
    return WriteKey(name)


def order(**changed: Any) -> Order:
    return replace(ORDER, **changed)
