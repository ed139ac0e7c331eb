"""Money that goes back: by itself, or because somebody says so."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.client import VIEWERS
from tests.clinic_data import NOW
from tests.payments.world import FEE, PaymentWorld, codes, gid


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


async def test_paid_after_the_seat_is_gone(world: PaymentWorld) -> None:
    """She pays in time, another takes the lapsed seat before we hear of it: one has the seat, the other her money."""
    appointment_id, payment_id = await world.paid()
    world.later(minutes=30)
    other = await world.book("stranger")
    await world.settle()
    assert await world.status(appointment_id) == "CANCELLED"
    assert await world.money(payment_id) == ("REFUNDED", FEE, FEE)
    assert await world.status(other) == "PENDING"


async def test_paid_in_time_and_heard_of_late(world: PaymentWorld) -> None:
    """Nobody has wanted the seat meanwhile, so it is hers."""
    appointment_id, payment_id = await world.paid()
    world.later(minutes=45)
    await world.settle()
    assert await world.status(appointment_id) == "CONFIRMED"
    assert await world.money(payment_id) == ("CAPTURED", FEE, 0)


async def test_paid_too_late(world: PaymentWorld) -> None:
    """At a gateway whose session lasts longer than the seat; nobody has swept yet."""
    appointment_id = await world.book()
    reference = await world.open_session(appointment_id)
    await world.rows("UPDATE sandbox_payments SET expires_at = expires_at + interval '1 hour'")
    world.later(minutes=30)
    await world.checkout.pay(reference)
    await world.settle()
    assert await world.status(appointment_id) == "PENDING"
    (payment_id,) = [row["id"] for row in await world.rows("SELECT id FROM payments WHERE gateway IS NOT NULL")]
    assert await world.money(payment_id) == ("REFUNDED", FEE, FEE)
    other = await world.book("stranger")
    assert (await world.status(appointment_id), await world.status(other)) == ("CANCELLED", "PENDING")


async def test_cancelled_before_the_payment_arrives(world: PaymentWorld) -> None:
    appointment_id, payment_id = await world.paid()
    about = {"appointmentId": gid("Appointment", appointment_id), "reason": "changed my mind"}
    assert codes(await world.do("cancelAppointment", "patient", **about)) == []
    await world.settle()
    assert await world.money(payment_id) == ("REFUNDED", FEE, FEE)
    assert await world.account("DOCTOR_PAYABLE") == await world.account("PLATFORM_FEE") == 0


@pytest.mark.parametrize(
    ("viewer", "policy", "back", "asked"),
    [
        ("patient", "late_fee_minor = 1500", FEE - 1_500, 0),
        ("patient", "late_fee_minor = 7000", 0, 7_000 - FEE),
        ("patient", "notice_to_cancel = '1 hour'", FEE, 0),
        ("staff", "late_fee_minor = 1500", FEE, 0),
    ],
    ids=["late", "a fee above the price", "in time", "by the clinic"],
)
async def test_a_paid_visit_is_cancelled(world: PaymentWorld, viewer: str, policy: str, back: int, asked: int) -> None:
    """What a late patient owes is kept of what she has paid; all else goes back."""
    await world.rows(f"UPDATE clinic_policies SET {policy}")
    appointment_id, payment_id = await world.paid()
    await world.tell()
    about = {"appointmentId": gid("Appointment", appointment_id), "reason": "ill"}
    assert codes(await world.do("cancelAppointment", viewer, **about)) == []
    await world.settle()
    status = "REFUNDED" if back == FEE else "PARTIALLY_REFUNDED" if back else "CAPTURED"
    assert await world.money(payment_id) == (status, FEE, back)
    fees = await world.rows(
        "SELECT amount_minor FROM payments WHERE appointment_id = $1 AND kind = 'LATE_FEE'", appointment_id
    )
    assert [row["amount_minor"] for row in fees] == ([asked] if asked else [])
    kept = FEE - back
    assert await world.account("PLATFORM_FEE") == -(kept // 10)
    assert await world.account("DOCTOR_PAYABLE") == -(kept - kept // 10)
    assert await world.account("PATIENT_RECEIVABLE") == 0


async def test_who_does_not_come_pays_once(world: PaymentWorld) -> None:
    """The fee for not coming is in what she has paid; what it exceeds that by is asked for."""
    appointment_id, payment_id = await world.paid()
    await world.tell()
    world.now = NOW + timedelta(days=3)
    about = {"appointmentId": gid("Appointment", appointment_id)}
    assert codes(await world.do("markNoShow", "staff", **about)) == []
    await world.settle()
    assert await world.money(payment_id) == ("CAPTURED", FEE, 0)
    assert await world.value("SELECT count(*) FROM payments WHERE kind = 'NO_SHOW_FEE'") == 0


async def test_held_money_is_let_go_when_the_visit_is_called_off(world: PaymentWorld) -> None:
    await world.rows("UPDATE clinic_policies SET confirmation = 'AUTOMATIC', payment_window = NULL")
    appointment_id, payment_id = await world.paid(capture="MANUAL")
    await world.tell()
    assert await world.money(payment_id) == ("AUTHORIZED", 0, 0)
    about = {"appointmentId": gid("Appointment", appointment_id), "reason": "ill"}
    await world.do("cancelAppointment", "staff", **about)
    await world.settle()
    assert await world.money(payment_id) == ("VOIDED", 0, 0)


async def test_held_money_is_taken(world: PaymentWorld) -> None:
    await world.rows("UPDATE clinic_policies SET confirmation = 'AUTOMATIC', payment_window = NULL")
    _, payment_id = await world.paid(capture="MANUAL")
    about = {"paymentId": gid("Payment", payment_id)}
    assert codes(await world.do("capturePayment", "staff", **about)) == ["INVALID_TRANSITION"]
    await world.tell()
    assert codes(await world.do("capturePayment", "staff", **about, amount=euros(FEE + 1))) == ["VALIDATION_ERROR"]
    assert codes(await world.do("capturePayment", "staff", **about, amount=euros(4_000))) == []
    for mutation in ("capturePayment", "voidPayment"):
        assert codes(await world.do(mutation, "staff", **about)) == ["CONFLICT"]
    await world.tell()
    assert await world.money(payment_id) == ("CAPTURED", 4_000, 0)
    assert codes(await world.do("voidPayment", "staff", **about)) == ["INVALID_TRANSITION"]


async def test_what_was_let_go_can_be_paid_again(world: PaymentWorld) -> None:
    await world.rows("UPDATE clinic_policies SET confirmation = 'AUTOMATIC', payment_window = NULL")
    appointment_id, payment_id = await world.paid(capture="MANUAL")
    await world.tell()
    assert codes(await world.do("voidPayment", "staff", paymentId=gid("Payment", payment_id))) == []
    await world.tell()
    assert await world.money(payment_id) == ("VOIDED", 0, 0)
    await world.checkout.pay(await world.open_session(appointment_id))
    await world.tell()
    assert await world.money(payment_id) == ("CAPTURED", FEE, 0)


async def test_staff_refund_in_parts(world: PaymentWorld) -> None:
    _, payment_id = await world.paid()
    about = {"paymentId": gid("Payment", payment_id), "reason": "a mistake of ours"}
    assert codes(await world.do("refundPayment", "manager", **about)) == ["REFUND_EXCEEDS_PAYMENT"]
    await world.tell()
    wrong = {"amount": 100, "currency": "USD"}
    assert codes(await world.do("refundPayment", "manager", **about, amount=wrong)) == ["VALIDATION_ERROR"]
    for amount in (0, -1):
        assert codes(await world.do("refundPayment", "manager", **about, amount=euros(amount))) == ["VALIDATION_ERROR"]
    assert codes(await world.do("refundPayment", "manager", **about | {"reason": " "})) == ["VALIDATION_ERROR"]
    key = {"idempotencyKey": "half"}
    for _ in range(2):
        assert codes(await world.do("refundPayment", "manager", **about, **key, amount=euros(2_000))) == []
    # What is on its way back is not there any more, though nobody has told us yet.
    assert codes(await world.do("refundPayment", "manager", **about, amount=euros(3_101))) == ["REFUND_EXCEEDS_PAYMENT"]
    await world.tell()
    assert await world.money(payment_id) == ("PARTIALLY_REFUNDED", FEE, 2_000)
    assert codes(await world.do("refundPayment", "manager", **about)) == []
    await world.tell()
    assert await world.money(payment_id) == ("REFUNDED", FEE, FEE)
    assert codes(await world.do("refundPayment", "manager", **about)) == ["REFUND_EXCEEDS_PAYMENT"]
    reasons = await world.rows("SELECT reason FROM gateway_requests WHERE kind = 'REFUND' ORDER BY id")
    assert [row["reason"] for row in reasons] == ["a mistake of ours"] * 2
    told = await world.rows("SELECT answered FROM sandbox_payments WHERE answered <> '{}'")
    assert "mistake" not in str([dict(row) for row in told])


async def test_who_may_move_money(world: PaymentWorld) -> None:
    """Held at clinic 1: its own people take it or give it back; a patient may not, though she may pay."""
    await world.rows("UPDATE clinic_policies SET confirmation = 'AUTOMATIC', payment_window = NULL")
    _, payment_id = await world.paid(capture="MANUAL")
    await world.tell()
    theirs = {"service", "admin", "manager", "staff"}
    scopes = {"capturePayment": "payment:write", "voidPayment": "payment:write", "refundPayment": "payment:refund"}
    for mutation, scope in scopes.items():
        for viewer, who in VIEWERS.items():
            more = {"reason": "x"} if mutation == "refundPayment" else {"amount": {"amount": 1, "currency": "USD"}}
            more = {} if mutation == "voidPayment" else more
            if mutation == "voidPayment" and viewer in theirs:
                continue
            answer = await world.ask(mutation, viewer, paymentId=gid("Payment", payment_id), **more)
            said = answer.codes or codes(answer.data[mutation])
            if who.is_anonymous:
                assert said == ["UNAUTHENTICATED"], (mutation, viewer)
            elif scope not in who.scopes:
                assert said == ["FORBIDDEN"], (mutation, viewer)
            elif viewer in theirs:
                assert said[0] in {"REFUND_EXCEEDS_PAYMENT", "VALIDATION_ERROR"}, (mutation, viewer)
            else:
                assert said == (["FORBIDDEN"] if viewer == "patient" else ["NOT_FOUND"]), (mutation, viewer)


async def test_a_refund_needs_a_recent_sign_in(world: PaymentWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    _, payment_id = await world.paid()
    await world.tell()
    about = {"paymentId": gid("Payment", payment_id), "reason": "x"}
    for since in (NOW - timedelta(minutes=16), None):
        monkeypatch.setitem(VIEWERS, "tired", replace(VIEWERS["manager"], signed_in_at=since))
        (error,) = (await world.ask("refundPayment", "tired", **about)).body["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
        assert error["extensions"]["reason"] == "insufficient_user_authentication"
        assert error["extensions"]["maxAge"] == 900
    monkeypatch.setitem(VIEWERS, "awake", replace(VIEWERS["manager"], signed_in_at=NOW - timedelta(minutes=15)))
    assert codes(await world.do("refundPayment", "awake", **about)) == []


async def test_a_refund_that_fails_is_left_to_people(world: PaymentWorld) -> None:
    """It is asked for once, not again and again; people can ask for it."""
    appointment_id, payment_id = await world.paid()
    await world.tell()
    await world.rows("UPDATE sandbox_payments SET faults = '{FAIL}'")
    await world.do("cancelAppointment", "staff", appointmentId=gid("Appointment", appointment_id), reason="ill")
    await world.settle()
    assert await world.money(payment_id) == ("CAPTURED", FEE, 0)
    about = {"paymentId": gid("Payment", payment_id), "reason": "by hand"}
    assert codes(await world.do("refundPayment", "manager", **about)) == ["PAYMENT_DECLINED"]
    await world.rows("UPDATE sandbox_payments SET faults = '{}'")
    assert codes(await world.do("refundPayment", "manager", **about)) == []
    await world.settle()
    assert await world.money(payment_id) == ("REFUNDED", FEE, FEE)
