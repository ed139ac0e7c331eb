"""Killed between any two steps: the same mutation, or a worker, goes on from there, and nothing is paid twice."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateways.payments import GatewayUnavailable, PaymentGateway
from tests.payments.world import FEE, PREPAID, PaymentWorld, codes, gid, payment_world


class Killed(Exception):
    """The server is no more."""


class Mortal:
    """A gateway whose caller dies before the call or after it, or that does not answer, as often as it is told."""

    def __init__(self, gateway: PaymentGateway) -> None:
        self._gateway = gateway
        self.before: list[Exception] = []
        self.after: list[Exception] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._gateway, name)
        if name not in {"create_session", "expire_session", "capture", "void", "refund"}:
            return found

        async def call(*arguments: Any) -> Any:
            if self.before:
                raise self.before.pop(0)
            answer = await found(*arguments)
            if self.after:
                raise self.after.pop(0)
            return answer

        return call


@pytest.fixture
async def mortal(clinic: str) -> AsyncIterator[PaymentWorld]:
    async with payment_world(clinic, Mortal) as world:
        await world.rows(PREPAID)
        yield world


WHERE = ["before", "after"]
HOW = [Killed(), GatewayUnavailable("no answer")]


def die(world: PaymentWorld, where: str, how: Exception) -> None:
    getattr(world.gateway, where).append(how)


async def first_try(world: PaymentWorld, mutation: str, viewer: str, about: dict[str, Any]) -> None:
    answer = await world.ask(mutation, viewer, **about)
    said = answer.codes or codes(answer.data[mutation])
    assert said in (["INTERNAL_SERVER_ERROR"], ["GATEWAY_UNAVAILABLE"])


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("how", HOW, ids=["killed", "no answer"])
async def test_a_session(mortal: PaymentWorld, where: str, how: Exception) -> None:
    appointment_id = await mortal.book()
    about = {"appointmentId": gid("Appointment", appointment_id), "idempotencyKey": "once"}
    die(mortal, where, how)
    await first_try(mortal, "createPaymentSession", "patient", about)
    again = await mortal.do("createPaymentSession", "patient", **about)
    assert codes(again) == []
    other = await mortal.do("createPaymentSession", "patient", **about | {"idempotencyKey": "another"})
    assert other["clientToken"] == again["clientToken"]
    assert await mortal.value("SELECT count(*) FROM sandbox_payments") == 1


@pytest.mark.parametrize("where", WHERE)
async def test_a_session_in_place_of_another(mortal: PaymentWorld, where: str) -> None:
    """Died while the first was being closed: the second is made only when nobody can pay in the first."""
    appointment_id = await mortal.book()
    first = await mortal.open_session(appointment_id)
    about = {"appointmentId": gid("Appointment", appointment_id), "returnUrl": "https://clinic.example/"}
    die(mortal, where, Killed())
    await first_try(mortal, "createPaymentSession", "patient", about | {"idempotencyKey": "once"})
    assert await mortal.value("SELECT count(*) FROM sandbox_payments") == 1
    again = await mortal.do("createPaymentSession", "patient", **about, idempotencyKey="once")
    assert codes(again) == []
    assert await mortal.checkout.pay(first) == "EXPIRED"
    assert await mortal.checkout.pay(again["clientToken"]) == "PAID"


@pytest.mark.parametrize("by", ["the same mutation", "a worker"])
@pytest.mark.parametrize("where", WHERE)
async def test_a_refund(mortal: PaymentWorld, where: str, by: str) -> None:
    _, payment_id = await mortal.paid()
    await mortal.tell()
    amount = {"amount": 2_000, "currency": "EUR"}
    about = {"paymentId": gid("Payment", payment_id), "amount": amount, "reason": "x", "idempotencyKey": "once"}
    die(mortal, where, Killed())
    await first_try(mortal, "refundPayment", "manager", about)
    if by == "a worker":
        mortal.later(minutes=3)
        assert await mortal.work() == 1
    else:
        assert codes(await mortal.do("refundPayment", "manager", **about)) == []
    assert codes(await mortal.do("refundPayment", "manager", **about)) == []
    await mortal.settle()
    assert await mortal.money(payment_id) == ("PARTIALLY_REFUNDED", FEE, 2_000)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("mutation", ["capturePayment", "voidPayment"])
async def test_held_money(mortal: PaymentWorld, mutation: str, where: str) -> None:
    await mortal.rows("UPDATE clinic_policies SET confirmation = 'AUTOMATIC', payment_window = NULL")
    _, payment_id = await mortal.paid(capture="MANUAL")
    await mortal.tell()
    about = {"paymentId": gid("Payment", payment_id), "idempotencyKey": "once"}
    die(mortal, where, Killed())
    await first_try(mortal, mutation, "staff", about)
    assert codes(await mortal.do(mutation, "staff", **about)) == []
    await mortal.settle()
    ends = {"capturePayment": ("CAPTURED", FEE, 0), "voidPayment": ("VOIDED", 0, 0)}
    assert await mortal.money(payment_id) == ends[mutation]


@pytest.mark.parametrize("where", WHERE)
async def test_a_refund_by_itself(mortal: PaymentWorld, where: str) -> None:
    appointment_id, payment_id = await mortal.paid()
    await mortal.tell()
    await mortal.do("cancelAppointment", "staff", appointmentId=gid("Appointment", appointment_id), reason="ill")
    die(mortal, where, Killed())
    with pytest.raises(Killed):
        await mortal.work()
    assert await mortal.work() == 0  # whoever died may still be at it
    mortal.later(minutes=3)
    await mortal.settle()
    assert await mortal.money(payment_id) == ("REFUNDED", FEE, FEE)


async def test_a_refund_that_the_gateway_has_forgotten_the_key_of(mortal: PaymentWorld) -> None:
    """Days later the key is worth nothing: the gateway is asked first what it has done."""
    _, payment_id = await mortal.paid()
    await mortal.tell()
    die(mortal, "after", Killed())
    amount = {"amount": 2_000, "currency": "EUR"}
    about = {"paymentId": gid("Payment", payment_id), "amount": amount, "reason": "x", "idempotencyKey": "once"}
    await first_try(mortal, "refundPayment", "manager", about)
    await mortal.rows("UPDATE sandbox_payments SET answered = '{}'")
    mortal.later(days=2)
    await mortal.settle()
    assert await mortal.money(payment_id) == ("PARTIALLY_REFUNDED", FEE, 2_000)


async def test_a_webhook_that_is_cut_off(world: PaymentWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """After any of its statements: nothing of it is there, and sent again it does everything."""
    from domain.session import Session

    run, left = Session.run, [0]

    async def cut(session: Session, text: str, *arguments: object) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return await run(session, text, *arguments)

    appointment_id, payment_id = await world.paid()
    monkeypatch.setattr(Session, "run", cut)
    for steps in range(60):
        left[0] = steps
        try:
            await world.tell()
        except Killed:
            assert await world.status(appointment_id) == "PENDING"
            assert await world.money(payment_id) == ("PENDING", 0, 0)
            assert await world.value("SELECT count(*) FROM payment_events") == 0
        else:
            break
    assert steps > 8
    monkeypatch.setattr(Session, "run", run)
    await world.tell()
    assert await world.status(appointment_id) == "CONFIRMED"
    assert await world.money(payment_id) == ("CAPTURED", FEE, 0)
