"""Our gateway, Stripe's SDK and a server that speaks Stripe's API, over real connections."""

import json

import pytest

from gateways.payments import (
    GatewayDeclined,
    GatewayRefused,
    GatewayUnavailable,
    Known,
    Order,
    PaymentReference,
    RefundReason,
    SessionReference,
    SessionState,
)
from gateways.payments.guarded import GuardedGateway
from gateways.payments.signature import sign
from gateways.payments.stripe import StripeGateway
from models.enums import PaymentEventKind as Kind
from tests.gateways.conftest import Pauses
from tests.gateways.orders import HELD_ORDER, NOW, ORDER, SECRET, key, order
from tests.gateways.stripe_server import API_KEY, StripeServer


async def paid(gateway: StripeGateway, stripe: StripeServer, order: Order = ORDER) -> SessionReference:
    session = await gateway.create_session(order, key("create"))
    stripe.pay(session.reference)
    return session.reference


async def test_a_session_asks_for_what_is_owed(gateway: StripeGateway, stripe: StripeServer) -> None:
    session = await gateway.create_session(HELD_ORDER, key("create-1"))

    assert session.reference == session.client_token == "cs_test_1"
    assert session.checkout_url == "https://checkout.example/c/1"
    [asked] = stripe.sent
    assert (asked.method, asked.path, asked.key) == ("POST", "/v1/checkout/sessions", "create-1")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["stripe-version"]
    assert asked.form == {
        "mode": "payment",
        "allowed_payment_method_types[0]": "card",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "5000",
        "line_items[0][price_data][product_data][name]": "Visit at Harbour Clinic",
        "client_reference_id": "pay_17",
        "metadata[payment]": "pay_17",
        "payment_intent_data[capture_method]": "manual",
        "payment_intent_data[description]": "Visit at Harbour Clinic",
        "payment_intent_data[metadata][payment]": "pay_17",
        "success_url": "http://127.0.0.1:8000/paid",
        "cancel_url": "http://127.0.0.1:8000/paid",
        "expires_at": str(int(ORDER.expires_at.timestamp())),
    }


async def test_nothing_tells_stripe_what_machine_this_is(gateway: StripeGateway, stripe: StripeServer) -> None:
    for number in (1, 2):
        await gateway.create_session(ORDER, key(f"create-{number}"))

    for asked in stripe.sent:
        assert "x-stripe-client-telemetry" not in asked.headers
        assert not {"platform", "telemetry_id"} & set(json.loads(asked.headers["x-stripe-client-user-agent"]))


async def test_held_money_is_captured_in_part(gateway: StripeGateway, stripe: StripeServer) -> None:
    reference = await paid(gateway, stripe, HELD_ORDER)
    held = await gateway.fetch(reference)

    await gateway.capture(reference, 3_000, key("capture"))

    assert (held.state, held.held_minor, held.captured_minor) == (SessionState.COMPLETE, 5_000, 0)
    assert await gateway.fetch(reference) == Known(
        reference, PaymentReference("pay_17"), SessionState.COMPLETE, "EUR", 0, 3_000, 0
    )
    captured = stripe.writes[-1]
    assert (captured.path, captured.form) == (
        f"/v1/payment_intents/{next(iter(stripe.intents))}/capture",
        {"amount_to_capture": "3000"},
    )
    assert captured.key == "capture"


async def test_held_money_is_given_back(gateway: StripeGateway, stripe: StripeServer) -> None:
    reference = await paid(gateway, stripe, HELD_ORDER)

    await gateway.void(reference, key("void"))

    assert (await gateway.fetch(reference)).held_minor == 0
    with pytest.raises(GatewayRefused) as refused:
        await gateway.capture(reference, 5_000, key("capture"))
    assert refused.value.code == "payment_intent_unexpected_state"


async def test_refunds_in_part_and_the_rest_and_not_more(gateway: StripeGateway, stripe: StripeServer) -> None:
    reference = await paid(gateway, stripe)

    await gateway.refund(reference, 1_000, key("refund-1"), RefundReason.REQUESTED)
    await gateway.refund(reference, 4_000, key("refund-2"), RefundReason.DUPLICATE)

    assert (await gateway.fetch(reference)).refunded_minor == 5_000
    assert [each.form["reason"] for each in stripe.writes[1:]] == ["requested_by_customer", "duplicate"]
    assert {each.form["metadata[payment]"] for each in stripe.writes[1:]} == {"pay_17"}
    with pytest.raises(GatewayRefused) as refused:
        await gateway.refund(reference, 1, key("refund-3"), RefundReason.REQUESTED)
    assert refused.value.code == "charge_already_refunded"


async def test_an_expired_session_cannot_be_expired_or_refunded(gateway: StripeGateway) -> None:
    session = await gateway.create_session(ORDER, key("create"))

    await gateway.expire_session(session.reference, key("expire"))

    assert (await gateway.fetch(session.reference)).state is SessionState.EXPIRED
    with pytest.raises(GatewayRefused, match="not_open"):
        await gateway.expire_session(session.reference, key("expire-2"))
    with pytest.raises(GatewayRefused, match="session_not_paid"):
        await gateway.refund(session.reference, 1, key("refund"), RefundReason.REQUESTED)


async def test_a_key_means_one_charge(gateway: StripeGateway, stripe: StripeServer) -> None:
    reference = await paid(gateway, stripe)

    for _ in range(3):
        await gateway.refund(reference, 1_000, key("refund"), RefundReason.REQUESTED)

    assert len(stripe.refunds) == 1
    with pytest.raises(GatewayRefused):
        await gateway.refund(reference, 2_000, key("refund"), RefundReason.REQUESTED)
    assert len(stripe.refunds) == 1


async def test_a_decline_says_why(gateway: StripeGateway, stripe: StripeServer) -> None:
    reference = await paid(gateway, stripe, HELD_ORDER)
    stripe.wrong.declined = "insufficient_funds"

    with pytest.raises(GatewayDeclined) as declined:
        await gateway.capture(reference, 5_000, key("capture"))

    assert declined.value.reason == "insufficient_funds"


@pytest.mark.parametrize("fault", ["too_many", "broken", "lost_after_work"])
async def test_what_passes_is_tried_again_with_the_same_key(
    gateway: StripeGateway, stripe: StripeServer, pauses: Pauses, fault: str
) -> None:
    reference = await paid(gateway, stripe)
    await gateway.fetch(reference)
    stripe.sent.clear()
    made = await gateway.create_session(ORDER, key("another"))
    setattr(stripe.wrong, fault, 2)

    again = await gateway.create_session(ORDER, key("one more"))

    assert made.reference != again.reference
    assert [each.key for each in stripe.sent] == ["another", "one more", "one more", "one more"]
    assert len(stripe.sessions) == 3
    assert len(pauses) == 2
    assert all(0.5 <= seconds <= 1 for seconds in pauses)


@pytest.mark.parametrize("fault", ["too_many", "broken"])
async def test_what_lasts_is_unavailable(
    gateway: StripeGateway, stripe: StripeServer, pauses: Pauses, fault: str
) -> None:
    setattr(stripe.wrong, fault, 9)

    with pytest.raises(GatewayUnavailable):
        await gateway.create_session(ORDER, key("create"))

    assert (len(stripe.sent), len(pauses), len(stripe.sessions)) == (3, 2, 0)


async def test_stripe_says_whether_to_try_again(gateway: StripeGateway, stripe: StripeServer) -> None:
    stripe.wrong.too_many, stripe.wrong.retry_header = 9, "false"

    with pytest.raises(GatewayUnavailable):
        await gateway.create_session(ORDER, key("create"))

    assert len(stripe.sent) == 1


async def test_a_refund_whose_answer_was_lost_is_paid_once(gateway: StripeGateway, stripe: StripeServer) -> None:
    reference = await paid(gateway, stripe)

    async def refund() -> None:
        await gateway.refund(reference, 5_000, key("refund"), RefundReason.REQUESTED)

    stripe.wrong.lost_after_work = 3
    with pytest.raises(GatewayUnavailable):
        await refund()
    await refund()

    assert [each.key for each in stripe.writes[1:]] == ["refund"] * 4
    assert [each["amount"] for each in stripe.refunds.values()] == [5_000]


async def test_the_deadline_holds_for_all_tries_together(stripe: StripeServer) -> None:
    gateway = StripeGateway(API_KEY, SECRET, stripe.url, timeout=60)
    stripe.wrong.unanswered = 1

    with pytest.raises(GatewayUnavailable, match="stripe did not answer"):
        await GuardedGateway(gateway, deadline=0.1).create_session(ORDER, key("create"))
    stripe.wrong.unanswered = 0
    await gateway.create_session(ORDER, key("create"))
    await gateway.close()

    assert len(stripe.sessions) == 1


async def test_no_answer_in_time_is_tried_again(stripe: StripeServer, pauses: Pauses) -> None:
    gateway = StripeGateway(API_KEY, SECRET, stripe.url, timeout=0.5, retries=9, sleep=pauses.sleep)
    stripe.wrong.unanswered = 1

    session = await gateway.create_session(ORDER, key("create"))
    await gateway.close()

    assert len(stripe.sent) > 1
    assert {each.key for each in stripe.sent} == {"create"}
    assert list(stripe.sessions) == [session.reference]


async def test_no_answer_at_all_is_unavailable(stripe: StripeServer, pauses: Pauses) -> None:
    gateway = StripeGateway(API_KEY, SECRET, stripe.url, timeout=0.1, retries=1, sleep=pauses.sleep)
    stripe.wrong.unanswered = 2

    with pytest.raises(GatewayUnavailable, match="APIConnectionError"):
        await gateway.create_session(ORDER, key("create"))
    await gateway.close()


async def test_nobody_there_is_unavailable(pauses: Pauses) -> None:
    gateway = StripeGateway(API_KEY, SECRET, "http://127.0.0.1:1", sleep=pauses.sleep)

    with pytest.raises(GatewayUnavailable):
        await gateway.create_session(ORDER, key("create"))
    await gateway.close()

    assert len(pauses) == 2


async def test_a_key_that_stripe_does_not_know_is_no_outage(stripe: StripeServer) -> None:
    gateway = StripeGateway("sk_test_of_another", SECRET, stripe.url)

    with pytest.raises(GatewayRefused, match="AuthenticationError"):
        await gateway.create_session(ORDER, key("create"))
    await gateway.close()


@pytest.mark.parametrize("currency", ["ISK", "UGX"])
async def test_currencies_that_stripe_counts_otherwise_are_refused(gateway: StripeGateway, currency: str) -> None:
    with pytest.raises(GatewayRefused, match="currency_not_supported"):
        await gateway.create_session(order(currency=currency), key("create"))


async def test_events_that_were_missed_are_those_of_the_webhooks(gateway: StripeGateway, stripe: StripeServer) -> None:
    reference = await paid(gateway, stripe, HELD_ORDER)
    await gateway.capture(reference, 5_000, key("capture"))
    await gateway.refund(reference, 2_000, key("refund"), RefundReason.REQUESTED)

    told = [gateway.read_webhook(*signed(event), NOW) for event in stripe.events]
    missed = [event async for event in gateway.events_since(NOW)]

    counted = [event for event in told if event.kind is not Kind.OTHER]
    assert [(event.kind, event.amount_minor) for event in counted] == [
        (Kind.AUTHORIZED, 5_000),
        (Kind.CAPTURED, 5_000),
        (Kind.REFUNDED, 2_000),
    ]
    assert {event.payment for event in told} == {"pay_17"}
    assert {event.currency for event in told} == {"EUR"}
    assert [event.event_id for event in reversed(missed)] == [event.event_id for event in counted]
    assert {event.kind for event in told} - {event.kind for event in counted} == {Kind.OTHER}


async def test_attempts_that_came_to_nothing_are_told(gateway: StripeGateway, stripe: StripeServer) -> None:
    session = await gateway.create_session(ORDER, key("create"))
    stripe.pay(session.reference, declined=True)
    await gateway.expire_session(session.reference, key("expire"))

    failed, voided = (gateway.read_webhook(*signed(event), NOW) for event in stripe.events)

    assert (failed.kind, failed.reference, failed.payment) == (Kind.FAILED, None, "pay_17")
    assert (voided.kind, voided.reference, voided.payment) == (Kind.VOIDED, session.reference, "pay_17")


async def test_a_refund_made_by_hand_is_found_to_be_ours(gateway: StripeGateway, stripe: StripeServer) -> None:
    reference = await paid(gateway, stripe)
    stripe.refund_by_hand(reference, 700)

    [event] = [
        each
        for each in (gateway.read_webhook(*signed(told), NOW) for told in stripe.events)
        if each.amount_minor == 700
    ]

    assert (event.kind, event.payment) == (Kind.REFUNDED, None)
    assert await gateway.payment_of(event) == "pay_17"


def signed(event: object) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(event)
    return body.encode(), {"stripe-signature": sign(body, SECRET, NOW)}
