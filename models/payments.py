"""Money: what is asked for an appointment, what the gateway said, what is owed, and the books. All in minor units."""

from datetime import date, datetime

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Timestamped, one_of
from models.enums import (
    GatewayRequestKind,
    GatewayRequestStatus,
    LedgerAccount,
    PaymentEventKind,
    PaymentKind,
    PaymentStatus,
    PayoutStatus,
)


class Payment(Identified, Timestamped, Base):
    """Money asked of a patient for an appointment: `amount_minor`; `covered_minor` is what an insurer pays beside it.

    Status and sums are what its events add up to; who pays twice has more captured than was asked. An appointment has
    at most one payment for the visit. `kept_minor` is what is kept of it although the visit was called off.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("amount_minor >= 0 AND covered_minor >= 0", name="amounts_not_negative"),
        CheckConstraint("captured_minor >= 0", name="captured_not_negative"),
        CheckConstraint("kept_minor BETWEEN 0 AND amount_minor", name="kept_within_amount"),
        CheckConstraint("refunded_minor BETWEEN 0 AND captured_minor", name="refunded_within_captured"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso"),
        Index(
            "payments_appointment_visit_key",
            "appointment_id",
            unique=True,
            postgresql_where=text("kind = 'VISIT'"),
        ),
        Index(None, "appointment_id", "id"),
        UniqueConstraint("gateway", "gateway_reference"),
    )

    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    kind: Mapped[PaymentKind] = mapped_column(one_of(PaymentKind, "kind"), server_default=PaymentKind.VISIT)
    status: Mapped[PaymentStatus] = mapped_column(one_of(PaymentStatus, "status"), server_default=PaymentStatus.PENDING)
    amount_minor: Mapped[int]
    covered_minor: Mapped[int] = mapped_column(server_default="0")
    captured_minor: Mapped[int] = mapped_column(server_default="0")
    refunded_minor: Mapped[int] = mapped_column(server_default="0")
    kept_minor: Mapped[int] = mapped_column(server_default="0")
    currency: Mapped[str] = mapped_column(CHAR(3))
    gateway: Mapped[str | None]
    gateway_reference: Mapped[str | None]
    captured_at: Mapped[datetime | None]


class PaymentSession(Identified, Base):
    """A place at a gateway where a payment can be made until `expires_at`; of one payment never two at once.

    Until the gateway has answered it has no reference. `closed_at` is when the gateway said that nobody can pay there
    any more.
    """

    __tablename__ = "payment_sessions"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index(None, "payment_id", "id"),
        Index("payment_sessions_open_idx", "expires_at", postgresql_where=text("closed_at IS NULL")),
        UniqueConstraint("gateway", "reference"),
    )

    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))
    gateway: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(CHAR(3))
    description: Mapped[str]
    is_manual: Mapped[bool]
    return_url: Mapped[str]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    reference: Mapped[str | None]
    client_token: Mapped[str | None]
    checkout_url: Mapped[str | None]
    closed_at: Mapped[datetime | None]


class GatewayRequest(Identified, Base):
    """Something that a gateway is asked to do: decided and written down first, then asked, then settled.

    Asked again with the same key, a gateway does it once. `after_id` must be settled before. `is_automatic`: nobody
    asked for it, the rules did. An OPEN one is asked (again) by the worker from `due_at` on.
    """

    __tablename__ = "gateway_requests"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("gateway_requests_open_idx", "due_at", "id", postgresql_where=text("status = 'OPEN'")),
        Index(None, "payment_id", "id"),
        Index("gateway_requests_session_idx", "session_id"),
    )

    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("payment_sessions.id"))
    after_id: Mapped[int | None] = mapped_column(ForeignKey("gateway_requests.id"))
    gateway: Mapped[str]
    reference: Mapped[str | None]
    kind: Mapped[GatewayRequestKind] = mapped_column(one_of(GatewayRequestKind, "kind"))
    key: Mapped[str] = mapped_column(unique=True)
    amount_minor: Mapped[int | None]
    is_duplicate: Mapped[bool] = mapped_column(server_default=text("false"))
    is_automatic: Mapped[bool] = mapped_column(server_default=text("false"))
    reason: Mapped[str | None]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime]
    status: Mapped[GatewayRequestStatus] = mapped_column(
        one_of(GatewayRequestStatus, "status"), server_default=GatewayRequestStatus.OPEN
    )
    error: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class PaymentEvent(Identified, Base):
    """What a gateway said, kept as it came; (provider, event id) arrives once however often it is sent.

    `by_hand`: it does not come from us but from somebody at the gateway's own pages.
    """

    __tablename__ = "payment_events"
    __table_args__ = (UniqueConstraint("provider", "event_id"), Index(None, "payment_id", "id"))

    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments.id"))
    provider: Mapped[str]
    event_id: Mapped[str]
    kind: Mapped[PaymentEventKind] = mapped_column(one_of(PaymentEventKind, "kind"))
    amount_minor: Mapped[int] = mapped_column(server_default="0")
    by_hand: Mapped[bool] = mapped_column(server_default=text("false"))
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    payload: Mapped[dict[str, object]] = mapped_column(JSONB, server_default=text("'{}'"))


class Payout(Identified, Timestamped, Base):
    """Money owed to a doctor for a period of whole days, both ends included."""

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint("period_start <= period_end", name="period_valid"),
        UniqueConstraint("doctor_id", "currency", "period_start", "period_end"),
    )

    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"))
    period_start: Mapped[date]
    period_end: Mapped[date]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(CHAR(3))
    status: Mapped[PayoutStatus] = mapped_column(one_of(PayoutStatus, "status"), server_default=PayoutStatus.GENERATED)
    paid_at: Mapped[datetime | None]


class LedgerTransaction(Identified, Base):
    """A set of ledger entries that sum to zero in each currency; a deferred trigger refuses any other."""

    __tablename__ = "ledger_transactions"

    description: Mapped[str]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments.id"), index=True)
    payout_id: Mapped[int | None] = mapped_column(ForeignKey("payouts.id"), index=True)
    occurred_at: Mapped[datetime]


class LedgerEntry(Identified, Base):
    """One line of the books: a debit is positive, a credit negative."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        CheckConstraint("(account = 'DOCTOR_PAYABLE') = (doctor_id IS NOT NULL)", name="doctor_with_payable"),
        Index(None, "transaction_id"),
        Index("ledger_entries_doctor_idx", "doctor_id", "id", postgresql_where=text("doctor_id IS NOT NULL")),
    )

    transaction_id: Mapped[int] = mapped_column(ForeignKey("ledger_transactions.id"))
    account: Mapped[LedgerAccount] = mapped_column(one_of(LedgerAccount, "account"))
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("doctors.id"))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(CHAR(3))
