"""Stripe, through its own SDK: Checkout sessions, captures, refunds and webhooks.

A session's reference is the Checkout session's id; its PaymentIntent exists only once the patient has begun to pay,
so it is looked up when it is needed. The SDK repeats what failed on the way, with the same idempotency key.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import stripe

from gateways.payments import (
    Capture,
    GatewayDeclined,
    GatewayEvent,
    GatewayRefused,
    GatewayUnavailable,
    Known,
    Order,
    PaymentReference,
    RefundReason,
    Session,
    SessionLife,
    SessionReference,
    SessionState,
    WebhookFault,
    WebhookRefused,
    WriteKey,
)
from gateways.payments.signature import verify
from gateways.payments.stripe_events import COUNTED, PAYMENT, PROVIDER, event_of, event_of_text, intent_of, payment_of

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

TIMEOUT, RETRIES = 8.0, 2  # seconds for one try, tries after the first
# A minute more than Stripe asks for at least, and less than it allows at most: the request takes its time too.
SESSION_LIFE = SessionLife(timedelta(minutes=31), timedelta(hours=23, minutes=59))
ELSEWHERE_COUNTED = frozenset({"ISK", "UGX"})  # ISO 4217 gives them no decimals, Stripe two
REASONS = {RefundReason.REQUESTED: "requested_by_customer", RefundReason.DUPLICATE: "duplicate"}
HELD = "requires_capture"
Sleep = Callable[[float], Awaitable[None]]
Headers = Callable[[], Mapping[str, str]]

# The SDK would write an id into the home directory and tell Stripe what machine this is.
stripe.enable_telemetry = False


class Calls(stripe.HTTPClient):
    """How the SDK makes its calls: by httpx, and again also after being refused for coming too often (429).

    The SDK's own client for httpx sends bodies in a way that httpx has deprecated.
    """

    name = "httpx"

    def __init__(self, timeout: float, sleep: Sleep, headers: Headers) -> None:
        super().__init__()
        self._sleep = sleep
        self._headers = headers
        self._http = httpx.AsyncClient(timeout=timeout)

    def sleep_async(self, secs: float) -> Awaitable[None]:
        return self._sleep(secs)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            response = await self._http.request(method, url, headers={**headers, **self._headers()}, content=post_data)
        except httpx.HTTPError as error:
            raise _not_reached(error) from error
        if response.status_code == 429:
            response.headers.setdefault("stripe-should-retry", "true")
        return response.content, response.status_code, response.headers

    async def close_async(self) -> None:
        await self._http.aclose()


def _not_reached(error: httpx.HTTPError) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(type(error).__name__, should_retry=True)  # type: ignore[no-untyped-call]


class StripeGateway:
    """See `PaymentGateway`. `close` it at the end."""

    provider = PROVIDER
    session_life = SESSION_LIFE

    def __init__(
        self,
        api_key: str,
        webhook_secret: str,
        api_base: str | None = None,
        *,
        timeout: float = TIMEOUT,
        retries: int = RETRIES,
        sleep: Sleep = asyncio.sleep,
        headers: Headers = dict,
    ) -> None:
        """`headers` go with each call, beside the SDK's own."""
        self._webhook_secret = webhook_secret
        self._calls = Calls(timeout, sleep, headers)
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_base} if api_base else None,
            max_network_retries=retries,
            http_client=self._calls,
        )

    async def close(self) -> None:
        await self._calls.close_async()

    async def create_session(self, order: Order, key: WriteKey) -> Session:
        if order.currency in ELSEWHERE_COUNTED:
            raise GatewayRefused("currency_not_supported")
        with _told_apart():
            made = await self._client.v1.checkout.sessions.create_async(_session(order), {"idempotency_key": key})
        if made.url is None:
            raise GatewayRefused("session_without_address")
        return Session(SessionReference(made.id), client_token=made.id, checkout_url=made.url)

    async def capture(self, reference: SessionReference, amount_minor: int, key: WriteKey) -> None:
        _, intent = await self._paid(reference)
        with _told_apart():
            await self._client.v1.payment_intents.capture_async(
                intent.id, {"amount_to_capture": amount_minor}, {"idempotency_key": key}
            )

    async def void(self, reference: SessionReference, key: WriteKey) -> None:
        _, intent = await self._paid(reference)
        with _told_apart():
            await self._client.v1.payment_intents.cancel_async(intent.id, {}, {"idempotency_key": key})

    async def refund(self, reference: SessionReference, amount_minor: int, key: WriteKey, reason: RefundReason) -> None:
        payment, intent = await self._paid(reference)
        with _told_apart():
            made = await self._client.v1.refunds.create_async(
                {
                    "payment_intent": intent.id,
                    "amount": amount_minor,
                    "reason": REASONS[reason],
                    "metadata": {PAYMENT: payment},
                },
                {"idempotency_key": key},
            )
        if made.status in ("failed", "canceled"):
            raise GatewayDeclined(made.failure_reason or "refund_failed")

    async def expire_session(self, reference: SessionReference, key: WriteKey) -> None:
        with _told_apart():
            await self._client.v1.checkout.sessions.expire_async(reference, {}, {"idempotency_key": key})

    async def fetch(self, reference: SessionReference) -> Known:
        session = await self._session(reference)
        intent, charge = session.payment_intent, None
        if isinstance(intent, stripe.PaymentIntent) and isinstance(intent.latest_charge, stripe.Charge):
            charge = intent.latest_charge
        return Known(
            reference,
            _payment(session),
            SessionState((session.status or "open").upper()),
            (session.currency or "").upper(),
            held_minor=intent.amount_capturable if isinstance(intent, stripe.PaymentIntent) else 0,
            captured_minor=intent.amount_received if isinstance(intent, stripe.PaymentIntent) else 0,
            refunded_minor=charge.amount_refunded if charge else 0,
        )

    async def events_since(self, since: datetime) -> AsyncIterator[GatewayEvent]:
        with _told_apart():
            pages = await self._client.v1.events.list_async(
                {"created": {"gte": int(since.timestamp())}, "types": sorted(COUNTED), "limit": 100}
            )
            async for event in pages.auto_paging_iter():
                yield event_of(event.to_dict())

    async def payment_of(self, event: GatewayEvent) -> PaymentReference | None:
        if event.payment is not None or (intent := intent_of(event)) is None:
            return event.payment
        with _told_apart():
            found = await self._client.v1.payment_intents.retrieve_async(intent)
        return payment_of(found.to_dict())

    def read_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayEvent:
        if (header := headers.get("stripe-signature")) is None:
            raise WebhookRefused(WebhookFault.BAD_SIGNATURE)
        return event_of_text(verify(body, header, self._webhook_secret, now))

    async def _session(self, reference: SessionReference) -> stripe.checkout.Session:
        with _told_apart():
            return await self._client.v1.checkout.sessions.retrieve_async(
                reference, {"expand": ["payment_intent.latest_charge"]}
            )

    async def _paid(self, reference: SessionReference) -> tuple[PaymentReference, stripe.PaymentIntent]:
        """The payment of a session and its PaymentIntent. Raises GatewayRefused when nobody has begun to pay."""
        session = await self._session(reference)
        if not isinstance(session.payment_intent, stripe.PaymentIntent):
            raise GatewayRefused("session_not_paid")
        return _payment(session), session.payment_intent


def _session(order: Order) -> "SessionCreateParams":
    metadata = {PAYMENT: str(order.payment)}
    return {
        "mode": "payment",
        # Others take days to say whether they have paid, and a seat is not kept for days.
        "allowed_payment_method_types": ["card"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": order.currency.lower(),
                    "unit_amount": order.amount_minor,
                    "product_data": {"name": order.description},
                },
            }
        ],
        "client_reference_id": order.payment,
        "metadata": metadata,
        "payment_intent_data": {
            "capture_method": "manual" if order.capture is Capture.MANUAL else "automatic",
            "description": order.description,
            "metadata": metadata,
        },
        "success_url": order.return_url,
        "cancel_url": order.return_url,
        "expires_at": int(order.expires_at.timestamp()),
    }


def _payment(session: stripe.checkout.Session) -> PaymentReference:
    payment = payment_of(session.to_dict())
    if payment is None:
        raise GatewayRefused("session_not_ours")
    return payment


@contextmanager
def _told_apart() -> Iterator[None]:
    """The SDK's errors as ours, without its texts, which may repeat what was sent."""
    try:
        yield
    except stripe.CardError as error:
        decline = error.error.decline_code if error.error else None
        raise GatewayDeclined(str(decline or error.code or "card_error")) from None
    except (stripe.InvalidRequestError, stripe.IdempotencyError) as error:
        raise GatewayRefused(error.code or type(error).__name__) from None
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise GatewayRefused(type(error).__name__) from None
    except stripe.StripeError as error:
        raise GatewayUnavailable(f"stripe: {type(error).__name__}, status {error.http_status}") from None
