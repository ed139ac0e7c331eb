"""At the same moment, on real connections: whoever comes first, nobody pays for nothing and nobody sits unpaid."""

import asyncio
from typing import Any

import pytest

from domain.scheduling.sweep import sweep
from tests.payments.world import FEE, PaymentWorld, codes, gid

ROUNDS = 4


async def at_once(*acts: Any) -> list[Any]:
    """What each of them gave, released together."""
    go = asyncio.Event()

    async def act(doing: Any) -> Any:
        await go.wait()
        return await doing

    tasks = [asyncio.create_task(act(doing)) for doing in acts]
    await asyncio.sleep(0)
    go.set()
    return await asyncio.gather(*tasks)


async def ended_well(world: PaymentWorld, appointment_id: int, payment_id: int) -> str:
    """A booking is confirmed and paid, or it is not there and the money is back."""
    await world.settle()
    status, (paid, captured, refunded) = await world.status(appointment_id), await world.money(payment_id)
    if status == "CONFIRMED":
        assert (paid, captured, refunded) == ("CAPTURED", FEE, 0)
    else:
        assert (status, captured, refunded) == ("CANCELLED", FEE, FEE)
    over = "SELECT count(*) FROM slots WHERE booked_count + held_count > capacity"
    assert await world.value(over) == 0
    assert await world.value("SELECT count(*) FROM gateway_requests WHERE kind = 'REFUND'") <= 1
    return status


@pytest.mark.parametrize("round", range(ROUNDS))
async def test_paid_and_booked_by_another(world: PaymentWorld, round: int) -> None:
    """Her time to pay is over, and she has paid in time: she and another want the seat at the same moment."""
    appointment_id, payment_id = await world.paid()
    world.later(minutes=30)
    about = {"slotId": gid("Slot", 160)}
    acts = [world.tell(), world.do("bookAppointment", "stranger", **about)]
    answers = await at_once(*(acts if round % 2 else reversed(acts)))
    other = next(answer for answer in answers if answer is not None)
    status = await ended_well(world, appointment_id, payment_id)
    assert (status == "CONFIRMED") is (codes(other) == ["SLOT_UNAVAILABLE"])
    standing = "SELECT count(*) FROM appointments WHERE slot_id = 160 AND keeps_seat"
    assert await world.value(standing) == 1


@pytest.mark.parametrize("round", range(ROUNDS))
async def test_paid_and_cancelled(world: PaymentWorld, round: int) -> None:
    """In time to cancel, so that all money goes back whoever was first."""
    await world.rows("UPDATE clinic_policies SET notice_to_cancel = '1 hour'")
    appointment_id, payment_id = await world.paid()
    about = {"appointmentId": gid("Appointment", appointment_id), "reason": "ill"}
    acts = [world.tell(), world.do("cancelAppointment", "patient", **about)]
    await at_once(*(acts if round % 2 else reversed(acts)))
    assert await ended_well(world, appointment_id, payment_id) == "CANCELLED"


@pytest.mark.parametrize("round", range(ROUNDS))
async def test_paid_and_lapsed(world: PaymentWorld, round: int) -> None:
    """The sweeper lets the seat go at the moment at which we hear that it was paid, in time."""
    appointment_id, payment_id = await world.paid()
    world.later(minutes=30)

    async def swept() -> None:
        async with world.beginning("sweep")() as session:
            await sweep(session, 160)

    acts = [world.tell(), swept()]
    await at_once(*(acts if round % 2 else reversed(acts)))
    await ended_well(world, appointment_id, payment_id)


async def test_two_webhooks_of_one_event(world: PaymentWorld) -> None:
    appointment_id, payment_id = await world.paid()
    (paid,) = await world.events()
    await at_once(*(world.tell(paid) for _ in range(6)))
    assert await ended_well(world, appointment_id, payment_id) == "CONFIRMED"
    assert await world.value("SELECT count(*) FROM payment_events") == 1


async def test_two_workers_and_a_manager_refund(world: PaymentWorld) -> None:
    """The visit is called off; the refund is paid once, and nobody gets more than was paid."""
    appointment_id, payment_id = await world.paid()
    await world.tell()
    about = {"paymentId": gid("Payment", payment_id), "reason": "x"}
    cancel = {"appointmentId": gid("Appointment", appointment_id), "reason": "ill"}
    await at_once(
        world.do("cancelAppointment", "staff", **cancel),
        *(world.do("refundPayment", "manager", **about) for _ in range(3)),
    )
    await at_once(*(world.work() for _ in range(3)))
    await world.settle()
    assert await world.money(payment_id) == ("REFUNDED", FEE, FEE)
    assert await world.value("SELECT sum(refunded_minor) FROM sandbox_payments") == FEE


async def test_two_captures(world: PaymentWorld) -> None:
    await world.rows("UPDATE clinic_policies SET confirmation = 'AUTOMATIC', payment_window = NULL")
    _, payment_id = await world.paid(capture="MANUAL")
    await world.tell()
    about = {"paymentId": gid("Payment", payment_id)}
    answers = await at_once(
        *(world.do("capturePayment", "staff", **about) for _ in range(3)), world.do("voidPayment", "manager", **about)
    )
    said = sorted(code for answer in answers for code in codes(answer))
    assert said == ["CONFLICT"] * 3
    await world.settle()
    status, captured, _ = await world.money(payment_id)
    assert (status, captured) in {("CAPTURED", FEE), ("VOIDED", 0)}


async def test_refunds_at_once_never_exceed_the_payment(world: PaymentWorld) -> None:
    _, payment_id = await world.paid()
    await world.tell()
    part = {"amount": {"amount": 2_000, "currency": "EUR"}, "paymentId": gid("Payment", payment_id), "reason": "x"}
    answers = await at_once(*(world.do("refundPayment", "manager", **part) for _ in range(5)))
    assert sorted(code for answer in answers for code in codes(answer)) == ["REFUND_EXCEEDS_PAYMENT"] * 3
    await world.settle()
    assert await world.money(payment_id) == ("PARTIALLY_REFUNDED", FEE, 4_000)


async def test_two_pay_out_the_same_money(world: PaymentWorld) -> None:
    await world.paid()
    await world.tell()
    world.later(days=3)
    periods = [{"from": "2026-06-15", "to": "2026-06-16"}, {"from": "2026-06-01", "to": "2026-06-16"}]
    answers = await at_once(*(world.do("generatePayouts", "admin", period=period) for period in periods))
    assert sum(len(answer["payouts"]) for answer in answers) == 1
    assert await world.account("DOCTOR_PAYABLE") == 0
