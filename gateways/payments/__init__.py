"""Payment gateways: what every one of them can do, in our words.

A session is one attempt to be paid for a payment of ours; all later calls name it by its reference. Amounts are minor
units of the currency, as ISO 4217 counts them. Every call that changes something takes a key: the same key with the
same arguments is done once, however often it is sent, and gives the same answer.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, Protocol

from gateways.payments.errors import (
    GatewayDeclined,
    GatewayError,
    GatewayRefused,
    GatewayUnavailable,
    WebhookFault,
    WebhookRefused,
)
from models.enums import PaymentEventKind

__all__ = [
    "Capture",
    "EventId",
    "GatewayDeclined",
    "GatewayError",
    "GatewayEvent",
    "GatewayRefused",
    "GatewayUnavailable",
    "Known",
    "Order",
    "PaymentGateway",
    "PaymentReference",
    "RefundReason",
    "Session",
    "SessionLife",
    "SessionReference",
    "SessionState",
    "WebhookFault",
    "WebhookRefused",
    "WriteKey",
]

PaymentReference = NewType("PaymentReference", str)
"""Our name for a payment, which the gateway keeps and sends back."""
SessionReference = NewType("SessionReference", str)
"""The gateway's name for a session."""
EventId = NewType("EventId", str)
WriteKey = NewType("WriteKey", str)
"""At most 255 characters, never used for another call."""


class Capture(StrEnum):
    """Whether money moves when the patient pays, or is only held until `capture`."""

    AUTOMATIC = "AUTOMATIC"
    MANUAL = "MANUAL"


class RefundReason(StrEnum):
    """What a gateway is told. What people wrote stays with us: it may say something about their health."""

    REQUESTED = "REQUESTED"
    DUPLICATE = "DUPLICATE"


class SessionState(StrEnum):
    OPEN = "OPEN"
    COMPLETE = "COMPLETE"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True)
class Order:
    """What is to be paid. `description` is shown to the patient, and names no patient."""

    payment: PaymentReference
    amount_minor: int
    currency: str
    description: str
    capture: Capture
    return_url: str
    expires_at: datetime
    """Within the gateway's `session_life`, and the same when the call is repeated with its key."""


@dataclass(frozen=True)
class Session:
    """Where a patient can pay: at `checkout_url`, or with `client_token` in the gateway's own script."""

    reference: SessionReference
    client_token: str = field(repr=False)
    checkout_url: str = field(repr=False)


@dataclass(frozen=True)
class SessionLife:
    """How long after its creation a session may expire."""

    shortest: timedelta
    longest: timedelta


@dataclass(frozen=True)
class Known:
    """What the gateway knows of a session now. `held_minor` is authorized and neither captured nor given back."""

    reference: SessionReference
    payment: PaymentReference
    state: SessionState
    currency: str
    held_minor: int
    captured_minor: int
    refunded_minor: int


@dataclass(frozen=True)
class GatewayEvent:
    """One thing that happened, once, however often it is told. `amount_minor` is what this event adds.

    A refund that came back later (the bank would not take it) is REFUNDED with a negative amount. OTHER is whatever
    we do not count: it is kept and changes nothing.
    """

    provider: str
    event_id: EventId
    kind: PaymentEventKind
    reference: SessionReference | None
    payment: PaymentReference | None
    amount_minor: int
    currency: str | None
    occurred_at: datetime
    payload: Mapping[str, object] = field(repr=False)


class PaymentGateway(Protocol):
    """One gateway. All that asks it raises GatewayUnavailable, GatewayDeclined or GatewayRefused."""

    @property
    def provider(self) -> str:
        """Its name in addresses and tables."""

    @property
    def session_life(self) -> SessionLife: ...

    async def create_session(self, order: Order, key: WriteKey) -> Session:
        """A new session, in which the patient may pay until it expires."""

    async def capture(self, reference: SessionReference, amount_minor: int, key: WriteKey) -> None:
        """Takes held money, all or part of it; what is not taken is given back. Once for a session."""

    async def void(self, reference: SessionReference, key: WriteKey) -> None:
        """Gives all held money back. Refused when nothing is held."""

    async def refund(self, reference: SessionReference, amount_minor: int, key: WriteKey, reason: RefundReason) -> None:
        """Pays captured money back, all or part of it. Refused when it is more than is left."""

    async def expire_session(self, reference: SessionReference, key: WriteKey) -> None:
        """From now on nobody can pay in it. Refused if somebody has, or if it has expired."""

    async def fetch(self, reference: SessionReference) -> Known:
        """What the gateway knows, whatever its webhooks have told us."""

    def events_since(self, since: datetime) -> AsyncIterator[GatewayEvent]:
        """What has happened since then, oldest or newest first, with the event ids that the webhooks have.

        So webhooks that were lost can be taken up, and those that come after all count once.
        """

    async def payment_of(self, event: GatewayEvent) -> PaymentReference | None:
        """The payment of an event that does not name it, such as a refund made by hand; None if it is not ours."""

    def read_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayEvent:
        """The event that a webhook tells, after its signature was verified. `headers` has lower case names.

        Raises WebhookRefused. What was signed more than five minutes ago, or in the future, is stale.
        """
