"""What both gateways take for a webhook of theirs, and what they refuse."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import async_sessionmaker

from gateways.payments import PaymentGateway, WebhookFault, WebhookRefused
from gateways.payments.sandbox import SandboxGateway
from gateways.payments.signature import sign
from gateways.payments.stripe import StripeGateway
from models.enums import PaymentEventKind as Kind
from tests.gateways.orders import NOW, SECRET

STRIPE_EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "payment_intent.succeeded",
    "created": int(NOW.timestamp()),
    "data": {
        "object": {
            "id": "pi_1",
            "object": "payment_intent",
            "amount_received": 5_000,
            "currency": "eur",
            "metadata": {"payment": "pay_17"},
        }
    },
}
SANDBOX_EVENT: dict[str, Any] = {
    "id": "evt_1",
    "type": "payment.captured",
    "occurred_at": NOW.isoformat(),
    "session": "sbx_1",
    "payment": "pay_17",
    "amount_minor": 5_000,
    "currency": "EUR",
}
STRIPE = StripeGateway("sk_test_unused", SECRET)
SANDBOX = SandboxGateway(async_sessionmaker(), SECRET, "http://127.0.0.1", lambda: NOW, lambda: None)
BOTH = [
    pytest.param(STRIPE, "stripe-signature", STRIPE_EVENT, id="stripe"),
    pytest.param(SANDBOX, "sandbox-signature", SANDBOX_EVENT, id="sandbox"),
]
both = pytest.mark.parametrize(("gateway", "header", "event"), BOTH)


def signature(body: str, at: datetime = NOW, secret: str = SECRET) -> str:
    """Made here by what Stripe's documentation says, not by the SDK."""
    signed = hmac.new(secret.encode(), f"{int(at.timestamp())}.{body}".encode(), hashlib.sha256)
    return signed.hexdigest()


def stamped(*signatures: str, at: datetime = NOW) -> str:
    return ",".join([f"t={int(at.timestamp())}", *(f"v1={each}" for each in signatures)])


def fault(gateway: PaymentGateway, body: bytes, headers: Mapping[str, str]) -> WebhookFault:
    with pytest.raises(WebhookRefused) as refused:
        gateway.read_webhook(body, headers, NOW)
    return refused.value.fault


@both
def test_a_signed_event_is_read(gateway: PaymentGateway, header: str, event: dict[str, Any]) -> None:
    body = json.dumps(event)

    read = gateway.read_webhook(body.encode(), {header: stamped(signature(body))}, NOW)

    assert (read.provider, read.event_id, read.kind) == (gateway.provider, "evt_1", Kind.CAPTURED)
    assert (read.payment, read.amount_minor, read.currency, read.occurred_at) == ("pay_17", 5_000, "EUR", NOW)
    assert read.payload == event


@both
@pytest.mark.parametrize(
    "signed",
    [
        pytest.param(lambda body: None, id="no header"),
        pytest.param(lambda body: "", id="empty header"),
        pytest.param(lambda body: stamped(), id="no signature"),
        pytest.param(lambda body: f"v1={signature(body)}", id="no time"),
        pytest.param(lambda body: f"t=now,v1={signature(body)}", id="a time that is none"),
        pytest.param(lambda body: stamped("0" * 64), id="wrong signature"),
        pytest.param(lambda body: stamped(signature(body, secret="another")), id="wrong secret"),
        pytest.param(lambda body: stamped(signature(body, NOW - timedelta(1))), id="of another time"),
        pytest.param(lambda body: stamped("é"), id="not ASCII"),
        pytest.param(lambda body: f"t={'9' * 5_000},v1={signature(body)}", id="endless time"),
        pytest.param(lambda body: stamped().replace("t", "v0") + f",v0={signature(body)}", id="only v0"),
        pytest.param(lambda body: f"v1,{stamped(signature(body))}", id="broken item"),
    ],
)
def test_what_is_not_signed_by_the_gateway_is_refused(
    gateway: PaymentGateway, header: str, event: dict[str, Any], signed: Callable[[str], str | None]
) -> None:
    body = json.dumps(event)
    value = signed(body)

    headers = {} if value is None else {header: value}
    assert fault(gateway, body.encode(), headers) is WebhookFault.BAD_SIGNATURE


@both
def test_one_of_several_signatures_is_enough(gateway: PaymentGateway, header: str, event: dict[str, Any]) -> None:
    body = json.dumps(event)
    old, new = signature(body, secret="the one before"), signature(body)

    for signatures in ([old, new], [new, old], [new, new]):
        assert gateway.read_webhook(body.encode(), {header: stamped(*signatures)}, NOW).event_id == "evt_1"
    assert fault(gateway, body.encode(), {header: stamped(old, old)}) is WebhookFault.BAD_SIGNATURE


@both
@pytest.mark.parametrize(("seconds", "stale"), [(-301, True), (-300, False), (0, False), (300, False), (301, True)])
def test_five_minutes_are_tolerated(
    gateway: PaymentGateway, header: str, event: dict[str, Any], seconds: int, stale: bool
) -> None:
    body, at = json.dumps(event), NOW + timedelta(seconds=seconds)
    headers = {header: stamped(signature(body, at), at=at)}

    if stale:
        assert fault(gateway, body.encode(), headers) is WebhookFault.STALE
    else:
        assert gateway.read_webhook(body.encode(), headers, NOW).event_id == "evt_1"


@both
@given(data=st.data())
def test_no_altered_byte_passes(
    gateway: PaymentGateway, header: str, event: dict[str, Any], data: st.DataObject
) -> None:
    body = json.dumps(event)
    altered = bytearray(body.encode())
    place = data.draw(st.integers(0, len(altered) - 1))
    altered[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != altered[place]))

    assert fault(gateway, bytes(altered), {header: stamped(signature(body))}) is WebhookFault.BAD_SIGNATURE


@both
@given(text=st.text(alphabet="tv10=,aé ", max_size=30))
def test_no_header_breaks_it(gateway: PaymentGateway, header: str, event: dict[str, Any], text: str) -> None:
    assert fault(gateway, json.dumps(event).encode(), {header: text}) is WebhookFault.BAD_SIGNATURE


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@both
@given(data=st.data())
def test_a_signed_body_that_is_no_event_is_malformed(
    gateway: PaymentGateway, header: str, event: dict[str, Any], data: st.DataObject
) -> None:
    body = data.draw(json_values.map(json.dumps) | st.text(alphabet='{}[]":,x', max_size=10))

    assert fault(gateway, body.encode(), {header: stamped(signature(body))}) is WebhookFault.MALFORMED


@both
@given(data=st.data())
def test_an_event_of_which_a_part_is_wrong_is_refused_or_read(
    gateway: PaymentGateway, header: str, event: dict[str, Any], data: st.DataObject
) -> None:
    """Whatever stands at any place of it, nothing else is raised."""
    broken = json.loads(json.dumps(event))
    inside = broken["data"]["object"] if "data" in broken and data.draw(st.booleans()) else broken
    inside[data.draw(st.sampled_from(sorted(inside)))] = data.draw(json_values)
    body = json.dumps(broken)

    with suppress(WebhookRefused):
        gateway.read_webhook(body.encode(), {header: stamped(signature(body))}, NOW)


@both
def test_an_unknown_event_is_kept_and_counts_nothing(
    gateway: PaymentGateway, header: str, event: dict[str, Any]
) -> None:
    body = json.dumps(event | {"type": "treasury.dreamt"})

    read = gateway.read_webhook(body.encode(), {header: stamped(signature(body))}, NOW)

    assert (read.kind, read.amount_minor, read.payment) == (Kind.OTHER, 0, "pay_17")
    assert read.payload["type"] == "treasury.dreamt"


def test_a_refund_that_came_back_counts_against_it() -> None:
    refund = {"id": "re_1", "object": "refund", "amount": 700, "currency": "eur", "payment_intent": "pi_1"}
    body = json.dumps(STRIPE_EVENT | {"type": "refund.failed", "data": {"object": refund}})

    read = STRIPE.read_webhook(body.encode(), {"stripe-signature": stamped(signature(body))}, NOW)

    assert (read.kind, read.amount_minor, read.payment) == (Kind.REFUNDED, -700, None)


def test_our_signature_is_the_one_of_the_documentation() -> None:
    assert sign("{}", SECRET, NOW) == stamped(signature("{}"))


def test_a_refusal_says_nothing_of_the_body() -> None:
    with pytest.raises(WebhookRefused) as refused:
        STRIPE.read_webhook(b"a secret", {"stripe-signature": "t=1,v1=secret"}, NOW)

    assert str(refused.value) == "BAD_SIGNATURE"
    assert refused.value.__suppress_context__
