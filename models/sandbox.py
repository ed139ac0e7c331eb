"""What the sandbox gateway knows: it stands for a company outside, so nothing of ours points here."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, one_of
from models.enums import PaymentEventKind


class SandboxStatus(StrEnum):
    OPEN = "OPEN"
    HELD = "HELD"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"


class SandboxFault(StrEnum):
    """What the sandbox can be told to do wrong, for one session."""

    DECLINE = "DECLINE"
    FAIL = "FAIL"
    UNAVAILABLE = "UNAVAILABLE"
    LOSE_ANSWER = "LOSE_ANSWER"
    DELAY = "DELAY"
    REPEAT = "REPEAT"
    REORDER = "REORDER"


Faults = Annotated[list[str], mapped_column(ARRAY(String), server_default=text("'{}'"))]


class SandboxPayment(Base):
    """A checkout session. `answered` is which call each idempotency key was used for."""

    __tablename__ = "sandbox_payments"
    __table_args__ = (
        CheckConstraint("captured_minor BETWEEN 0 AND amount_minor", name="captured_within_amount"),
        CheckConstraint("refunded_minor BETWEEN 0 AND captured_minor", name="refunded_within_captured"),
        Index("sandbox_payments_open_idx", "expires_at", postgresql_where=text("status = 'OPEN'")),
    )

    reference: Mapped[str] = mapped_column(primary_key=True)
    created_key: Mapped[str] = mapped_column(unique=True)
    payment: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(CHAR(3))
    description: Mapped[str]
    is_manual: Mapped[bool]
    return_url: Mapped[str]
    expires_at: Mapped[datetime]
    status: Mapped[SandboxStatus] = mapped_column(one_of(SandboxStatus, "status"), server_default=SandboxStatus.OPEN)
    captured_minor: Mapped[int] = mapped_column(server_default="0")
    refunded_minor: Mapped[int] = mapped_column(server_default="0")
    faults: Mapped[Faults]
    answered: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))


class SandboxEvent(Identified, Base):
    """An event and its webhook, which is sent at `due_at`, as often as `sends_left` says, and again if it fails.

    Without `due_at` nothing is left to send.
    """

    __tablename__ = "sandbox_events"
    __table_args__ = (
        Index("sandbox_events_due_idx", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index(None, "reference"),
    )

    event_id: Mapped[str] = mapped_column(unique=True)
    reference: Mapped[str] = mapped_column(ForeignKey("sandbox_payments.reference"))
    kind: Mapped[PaymentEventKind] = mapped_column(one_of(PaymentEventKind, "kind"))
    amount_minor: Mapped[int]
    occurred_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    sends_left: Mapped[int]
    attempts: Mapped[int] = mapped_column(server_default="0")
