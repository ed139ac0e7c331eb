"""What cancelling would cost."""

from datetime import datetime
from typing import Any

import strawberry

from domain.refusal import ErrorCode
from domain.scheduling.policy import Policy, Quote, cancellation_quote
from models.enums import AppointmentStatus
from schema.fields import read
from schema.payments.money import Amount, Money


def quote_of(row: Any) -> Quote:
    """The quote of a row of `QuoteOfAppointment`."""
    policy = Policy() if row["policy_id"] is None else Policy.of(row)
    status = AppointmentStatus(row["status"])
    return cancellation_quote(policy, status, start=row["starts_at"], now=row["now"], currency=row["currency"])


def _fee(row: Any) -> Amount | None:
    fee = quote_of(row).fee
    return None if fee is None else Amount(fee.amount_minor, fee.currency)


def _refusal(row: Any) -> ErrorCode | None:
    refusal = quote_of(row).refusal
    return None if refusal is None else refusal.code


@strawberry.type(
    description="What it costs the patient to cancel now, by the policy she booked under. The clinic's own people "
    "cancel for free."
)
class CancellationQuote:
    fee: Money | None = read(_fee, "What she would owe; null for nothing.")
    free_until: datetime | None = read(lambda row: quote_of(row).free_until, "Until then it costs nothing.")
    refusal: ErrorCode | None = read(_refusal, "Why she cannot cancel at any price; null if she can.")
