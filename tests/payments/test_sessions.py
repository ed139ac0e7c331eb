"""A place to pay: asked for, used, asked for again, closed."""

import asyncio
from typing import Any

from tests.client import VIEWERS
from tests.payments.world import FEE, PaymentWorld, codes, gid

URL = "https://clinic.example/paid"


async def test_a_payment_confirms_the_booking(world: PaymentWorld) -> None:
    appointment_id = await world.book()
    assert await world.status(appointment_id) == "PENDING"
    payload = await world.do("createPaymentSession", "patient", appointmentId=gid("Appointment", appointment_id))
    assert (payload["payment"]["status"], payload["userErrors"]) == ("PENDING", [])
    assert payload["checkoutUrl"].endswith(payload["clientToken"])
    await world.checkout.pay(payload["clientToken"])
    await world.tell()
    assert await world.status(appointment_id) == "CONFIRMED"
    payment_id = await world.value("SELECT id FROM payments WHERE appointment_id = $1", appointment_id)
    assert await world.money(payment_id) == ("CAPTURED", FEE, 0)
    (step,) = await world.rows(
        "SELECT actor_id, client_id, reason FROM appointment_timeline "
        "WHERE to_status = 'CONFIRMED' AND appointment_id = $1",
        appointment_id,
    )
    assert tuple(step) == (None, "clinicgraph", "paid")
    names = [row["name"] for row in await world.rows("SELECT name FROM outbox_events ORDER BY id")]
    assert names[-2:] == ["payment.captured", "appointment.status_changed"]


async def test_a_declined_card_leaves_the_booking_waiting(world: PaymentWorld) -> None:
    appointment_id = await world.book()
    reference = await world.open_session(appointment_id)
    await world.checkout.decline(reference)
    await world.tell()
    assert await world.status(appointment_id) == "PENDING"
    assert await world.value("SELECT name FROM outbox_events ORDER BY id DESC LIMIT 1") == "payment.failed"
    assert await world.open_session(appointment_id) == reference
    await world.checkout.pay(reference)
    await world.tell()
    assert await world.status(appointment_id) == "CONFIRMED"


async def test_the_open_session_is_the_answer_again(world: PaymentWorld) -> None:
    appointment_id = await world.book()
    references = {
        await world.open_session(appointment_id, viewer) for viewer in ("patient", "staff", "admin", "patient")
    }
    assert len(references) == 1
    assert await world.value("SELECT count(*) FROM sandbox_payments") == 1


async def test_another_page_to_return_to_closes_the_first(world: PaymentWorld) -> None:
    appointment_id = await world.book()
    first = await world.open_session(appointment_id)
    second = await world.open_session(appointment_id, returnUrl=URL)
    assert await world.open_session(appointment_id, returnUrl=URL) == second != first
    assert await world.checkout.pay(first) == "EXPIRED"
    assert await world.checkout.pay(second) == "PAID"
    await world.tell()
    assert await world.status(appointment_id) == "CONFIRMED"


async def test_no_second_session_beside_one_that_was_paid(world: PaymentWorld) -> None:
    """She has paid, we do not know it yet, and she asks for another page."""
    appointment_id, payment_id = await world.paid()
    payload = await world.do(
        "createPaymentSession", "patient", appointmentId=gid("Appointment", appointment_id), returnUrl=URL
    )
    assert (codes(payload), payload["checkoutUrl"]) == (["CONFLICT"], None)
    await world.tell()
    assert await world.money(payment_id) == ("CAPTURED", FEE, 0)
    payload = await world.do("createPaymentSession", "patient", appointmentId=gid("Appointment", appointment_id))
    assert codes(payload) == ["CONFLICT"]
    assert await world.value("SELECT count(*) FROM sandbox_payments") == 1


async def test_one_key_one_session(world: PaymentWorld) -> None:
    about = {"appointmentId": gid("Appointment", await world.book()), "idempotencyKey": "the same"}
    answers = await asyncio.gather(*(world.do("createPaymentSession", "patient", **about) for _ in range(8)))
    assert len({answer["clientToken"] for answer in answers}) == 1
    assert all(answer == answers[0] for answer in answers)
    other = await world.do("createPaymentSession", "patient", **about, returnUrl=URL)
    assert codes(other) == ["IDEMPOTENCY_CONFLICT"]


async def test_many_at_once_are_one_session(world: PaymentWorld) -> None:
    appointment_id = await world.book()
    references = await asyncio.gather(*(world.open_session(appointment_id) for _ in range(8)))
    assert len(set(references)) == 1


async def test_a_session_lasts_as_long_as_the_seat(world: PaymentWorld) -> None:
    reference = await world.open_session(await world.book())
    world.later(minutes=31)
    assert await world.checkout.pay(reference) == "EXPIRED"


async def test_what_is_not_paid_in_time_is_closed_at_the_gateway(world: PaymentWorld) -> None:
    """Where sessions last longer than the seat."""
    reference = await world.open_session(await world.book())
    for table in ("sandbox_payments", "payment_sessions"):
        await world.rows(f"UPDATE {table} SET expires_at = expires_at + interval '1 hour'")
    world.later(minutes=29)
    assert await world.work() == 0
    world.later(minutes=1)
    assert await world.work() == 2
    assert await world.checkout.pay(reference) == "EXPIRED"


async def test_a_fee_can_be_paid(world: PaymentWorld) -> None:
    payload = await world.do("createPaymentSession", "patient", paymentId=gid("Payment", 13))
    assert payload["userErrors"] == []
    await world.checkout.pay(payload["clientToken"])
    await world.settle()
    assert await world.money(13) == ("CAPTURED", 1_500, 0)
    assert await world.status(13) == "CANCELLED"


async def test_an_unpaid_visit_costs_what_its_doctor_asks_now(world: PaymentWorld) -> None:
    appointment_id = await world.book()
    first = await world.open_session(appointment_id)
    await world.rows("UPDATE doctors SET consultation_fee_minor = 6000 WHERE id = 1")
    await world.checkout.pay(await world.open_session(appointment_id))
    await world.tell()
    assert await world.checkout.pay(first) == "EXPIRED"
    assert await world.value("SELECT captured_minor FROM payments WHERE appointment_id = $1", appointment_id) == 6_000


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "both": ({"appointmentId": gid("Appointment", 13), "paymentId": gid("Payment", 13)}, "patient", "VALIDATION_ERROR"),
    "neither": ({}, "patient", "VALIDATION_ERROR"),
    "another's appointment": ({"appointmentId": gid("Appointment", 12)}, "stranger", "NOT_FOUND"),
    "another's payment": ({"paymentId": gid("Payment", 13)}, "stranger", "NOT_FOUND"),
    "no appointment": ({"appointmentId": gid("Appointment", 2**62)}, "patient", "NOT_FOUND"),
    "no payment": ({"paymentId": gid("Payment", 2**62)}, "patient", "NOT_FOUND"),
    "wrong type": ({"appointmentId": gid("Payment", 13)}, "patient", "VALIDATION_ERROR"),
    "no id": ({"paymentId": "x"}, "patient", "VALIDATION_ERROR"),
    "called off": ({"appointmentId": gid("Appointment", 13)}, "patient", "INVALID_TRANSITION"),
    "paid": ({"paymentId": gid("Payment", 11)}, "patient", "CONFLICT"),
    "a script": ({"paymentId": gid("Payment", 13), "returnUrl": "javascript:alert(1)"}, "patient", "VALIDATION_ERROR"),
    "no page": ({"paymentId": gid("Payment", 13), "returnUrl": "//evil"}, "patient", "VALIDATION_ERROR"),
    "a name in it": ({"paymentId": gid("Payment", 13), "returnUrl": "https://a@b/"}, "patient", "VALIDATION_ERROR"),
    "too long": ({"paymentId": gid("Payment", 13), "returnUrl": URL + "x" * 2_000}, "patient", "VALIDATION_ERROR"),
    "an empty key": ({"paymentId": gid("Payment", 13), "idempotencyKey": ""}, "patient", "VALIDATION_ERROR"),
}


async def test_refused(world: PaymentWorld) -> None:
    for name, (given, viewer, code) in REFUSED.items():
        payload = await world.do("createPaymentSession", viewer, **given)
        assert (codes(payload), payload["payment"], payload["checkoutUrl"]) == ([code], None, None), name
    assert await world.value("SELECT count(*) FROM gateway_requests") == 0


async def test_a_booking_that_waits_for_its_payment_cannot_only_hold_the_money(world: PaymentWorld) -> None:
    about = {"appointmentId": gid("Appointment", await world.book()), "capture": "MANUAL"}
    assert codes(await world.do("createPaymentSession", "patient", **about)) == ["VALIDATION_ERROR"]


async def test_once_lapsed_nothing_can_be_paid(world: PaymentWorld) -> None:
    appointment_id = await world.book()
    world.later(minutes=30)
    payload = await world.do("createPaymentSession", "patient", appointmentId=gid("Appointment", appointment_id))
    assert codes(payload) == ["INVALID_TRANSITION"]


async def test_who_may(world: PaymentWorld) -> None:
    for viewer, who in VIEWERS.items():
        answer = await world.ask("createPaymentSession", viewer, paymentId=gid("Payment", 13))
        if "payment:write" in who.scopes:
            sees = viewer in {"service", "admin", "staff", "manager", "patient"}
            assert codes(answer.data["createPaymentSession"]) == ([] if sees else ["NOT_FOUND"]), viewer
        else:
            assert answer.codes == ["UNAUTHENTICATED" if who.is_anonymous else "FORBIDDEN"], viewer


async def test_nothing_is_to_be_paid_without_a_gateway(clinic: str) -> None:
    from tests.client import Client

    document = (
        "mutation ($input: CreatePaymentSessionInput!) { createPaymentSession(input: $input) { userErrors { code } } }"
    )
    async with Client.of(clinic) as client:
        given = {"paymentId": gid("Payment", 13), "idempotencyKey": "k"}
        answer = await client.ask(document, {"input": given}, viewer="patient")
    assert codes(answer.data["createPaymentSession"]) == ["GATEWAY_UNAVAILABLE"]
