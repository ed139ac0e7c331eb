"""The same, through Stripe's own SDK against a server that speaks Stripe's HTTP API: from booking to refund."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateways.payments.guarded import GuardedGateway
from gateways.payments.signature import sign
from gateways.payments.stripe import StripeGateway
from tests.gateways.conftest import Pauses
from tests.gateways.stripe_server import API_KEY, StripeServer
from tests.payments.world import FEE, PREPAID, PaymentWorld, codes, gid, payment_world

SECRET = "whsec_of_the_tests"
CREATED = datetime.fromtimestamp(1_795_262_400, UTC)


@pytest.fixture
async def stripe() -> AsyncIterator[StripeServer]:
    async with StripeServer.running() as server:
        yield server


@pytest.fixture
async def world(clinic: str, stripe: StripeServer) -> AsyncIterator[PaymentWorld]:
    """Whose gateway is Stripe. Its clock is that of the server, five months later, so visits are moved with it."""
    gateway = StripeGateway(API_KEY, SECRET, stripe.url, sleep=Pauses().sleep)
    async with payment_world(clinic, lambda _: GuardedGateway(gateway)) as opened:
        opened.now = CREATED - timedelta(minutes=1)
        for statement in (
            PREPAID,
            """INSERT INTO slots (id, doctor_id, clinic_id, starts_at, ends_at, blocked_until, capacity)
               VALUES (9000, 1, 1, '2026-12-01 09:00Z', '2026-12-01 09:30Z', '2026-12-01 09:30Z', 1)""",
        ):
            await opened.rows(statement)
        yield opened
    await gateway.close()


async def webhooks(world: PaymentWorld, stripe: StripeServer) -> None:
    """All that Stripe has to tell, signed, over HTTP."""
    for event in stripe.events:
        body = json.dumps(event)
        headers = {"stripe-signature": sign(body, SECRET, world.now), "content-type": "application/json"}
        response = await world.client.http.post("/webhooks/gateway/stripe", content=body, headers=headers)
        assert response.status_code == 200, response.text


async def session(world: PaymentWorld, **more: Any) -> tuple[int, dict[str, Any]]:
    appointment_id = await world.book(slot=9000)
    about = {"appointmentId": gid("Appointment", appointment_id), **more}
    payload = await world.do("createPaymentSession", "patient", **about)
    assert payload["userErrors"] == []
    return appointment_id, payload


async def test_from_booking_to_refund(world: PaymentWorld, stripe: StripeServer) -> None:
    appointment_id, payload = await session(world)
    assert payload["checkoutUrl"] == "https://checkout.example/c/1"
    created = stripe.writes[0]
    assert created.form["metadata[payment]"].startswith("payment-")
    assert int(created.form["expires_at"]) == int((world.now + timedelta(minutes=31)).timestamp())
    stripe.pay("cs_test_1", declined=True)
    await webhooks(world, stripe)
    assert await world.status(appointment_id) == "PENDING"
    stripe.pay("cs_test_1")
    await webhooks(world, stripe)
    await webhooks(world, stripe)
    assert await world.status(appointment_id) == "CONFIRMED"
    payment_id = await world.value("SELECT id FROM payments WHERE gateway = 'stripe'")
    assert await world.money(payment_id) == ("CAPTURED", FEE, 0)
    stripe.refund_by_hand("cs_test_1", 100)
    await webhooks(world, stripe)
    assert await world.money(payment_id) == ("PARTIALLY_REFUNDED", FEE, 100)
    await world.do("cancelAppointment", "staff", appointmentId=gid("Appointment", appointment_id), reason="ill")
    assert await world.work() == 1
    await webhooks(world, stripe)
    assert await world.money(payment_id) == ("REFUNDED", FEE, FEE)
    refunds = [sent.form for sent in stripe.writes if sent.path == "/v1/refunds"]
    assert [(form["amount"], form["reason"]) for form in refunds] == [(str(FEE - 100), "requested_by_customer")]
    assert "ill" not in {value for sent in stripe.sent for value in sent.form.values()}


async def test_a_lost_answer_and_a_server_that_fails(world: PaymentWorld, stripe: StripeServer) -> None:
    """The SDK tries again with the key; when it gives up, so do we, and the same mutation finds out later."""
    stripe.wrong.lost_after_work = 3
    appointment_id = await world.book(slot=9000)
    about = {"appointmentId": gid("Appointment", appointment_id), "idempotencyKey": "once"}
    assert codes(await world.do("createPaymentSession", "patient", **about)) == ["GATEWAY_UNAVAILABLE"]
    assert codes(await world.do("createPaymentSession", "patient", **about)) == []
    assert len(stripe.sessions) == 1
    assert len({sent.key for sent in stripe.writes}) == 1
    stripe.pay("cs_test_1")
    await webhooks(world, stripe)
    stripe.wrong.broken = 3
    payment_id = await world.value("SELECT id FROM payments WHERE gateway = 'stripe'")
    refund = {"paymentId": gid("Payment", payment_id), "reason": "x", "idempotencyKey": "once"}
    assert codes(await world.do("refundPayment", "service", **refund)) == ["GATEWAY_UNAVAILABLE"]
    assert codes(await world.do("refundPayment", "service", **refund)) == []
    assert len(stripe.refunds) == 1


async def test_a_decline(world: PaymentWorld, stripe: StripeServer) -> None:
    await session(world)
    stripe.pay("cs_test_1")
    await webhooks(world, stripe)
    stripe.wrong.declined = "insufficient_funds"
    payment_id = await world.value("SELECT id FROM payments WHERE gateway = 'stripe'")
    about = {"paymentId": gid("Payment", payment_id), "reason": "x", "idempotencyKey": "once"}
    first, again = [await world.do("refundPayment", "service", **about) for _ in range(2)]
    assert codes(first) == ["PAYMENT_DECLINED"]
    assert first == again


async def test_the_session_is_closed_when_the_seat_is_free(world: PaymentWorld, stripe: StripeServer) -> None:
    """Stripe's sessions last at least 31 minutes, and the seat is kept for 30."""
    appointment_id, _ = await session(world)
    world.later(minutes=30)
    assert await world.work() == 2
    assert stripe.sessions["cs_test_1"]["status"] == "expired"
    await webhooks(world, stripe)
    payment = "SELECT status FROM payments WHERE appointment_id = $1"
    assert await world.value(payment, appointment_id) == "VOIDED"
