"""The deadline and the circuit breaker around a gateway."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateways.payments import (
    EventId,
    GatewayDeclined,
    GatewayEvent,
    GatewayRefused,
    GatewayUnavailable,
    PaymentGateway,
    RefundReason,
    SessionReference,
)
from gateways.payments.breaker import BreakerState
from gateways.payments.guarded import GuardedGateway
from models.enums import PaymentEventKind
from tests.gateways.fakes import FakeGateway, StillClock, nothing
from tests.gateways.orders import NOW, ORDER, key

REFERENCE = SessionReference("session")
EVENT = GatewayEvent("fake", EventId("evt_1"), PaymentEventKind.OTHER, None, None, 0, None, NOW, {})


@pytest.fixture
def fake() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def guarded(fake: FakeGateway, clock: StillClock) -> GuardedGateway:
    return GuardedGateway(fake, threshold=3, rest=30, clock=clock)


def failing(error: Exception) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise error

    return fail


def state(guarded: GuardedGateway) -> BreakerState:
    return guarded.breaker.state


async def never() -> None:
    await asyncio.Event().wait()


async def ask(gateway: PaymentGateway) -> None:
    await gateway.capture(REFERENCE, 1, key("capture"))


async def open_up(fake: FakeGateway, guarded: GuardedGateway) -> None:
    fake.work = failing(GatewayUnavailable("away"))
    for _ in range(3):
        with pytest.raises(GatewayUnavailable, match="away"):
            await ask(guarded)
    assert state(guarded) is BreakerState.OPEN
    fake.calls.clear()


async def test_every_call_goes_through(fake: FakeGateway, guarded: GuardedGateway) -> None:
    fake.event = EVENT
    assert (await guarded.create_session(ORDER, key("a"))).reference == REFERENCE
    await guarded.capture(REFERENCE, 1, key("b"))
    await guarded.void(REFERENCE, key("c"))
    await guarded.refund(REFERENCE, 1, key("d"), RefundReason.REQUESTED)
    await guarded.expire_session(REFERENCE, key("e"))
    assert [event async for event in guarded.events_since(NOW)] == [EVENT]
    assert await guarded.payment_of(EVENT) is None
    assert guarded.read_webhook(b"", {}, NOW) is EVENT

    assert fake.calls == [
        "create_session", "capture", "void", "refund", "expire_session", "events_since", "payment_of", "read_webhook",
    ]  # fmt: skip
    assert (guarded.provider, guarded.session_life) == (fake.provider, fake.session_life)


async def test_a_gateway_that_does_not_answer_is_unavailable(fake: FakeGateway) -> None:
    guarded = GuardedGateway(fake, deadline=0.01, threshold=1)
    fake.work = never

    with pytest.raises(GatewayUnavailable, match=r"fake did not answer within 0\.01 seconds"):
        await ask(guarded)

    assert state(guarded) is BreakerState.OPEN


async def test_while_it_is_open_nobody_is_asked(fake: FakeGateway, guarded: GuardedGateway, clock: StillClock) -> None:
    await open_up(fake, guarded)
    fake.work, clock.seconds = nothing, 29.9

    with pytest.raises(GatewayUnavailable, match="not asked"):
        await ask(guarded)
    with pytest.raises(GatewayUnavailable, match="not asked"):
        await anext(aiter(guarded.events_since(NOW)))

    assert fake.calls == []


async def test_after_a_rest_one_call_tries_and_closes_it(
    fake: FakeGateway, guarded: GuardedGateway, clock: StillClock
) -> None:
    await open_up(fake, guarded)
    clock.seconds = 30
    answer = asyncio.Event()
    fake.work = lambda: _wait(answer)
    trial = asyncio.create_task(ask(guarded))
    await asyncio.sleep(0)

    with pytest.raises(GatewayUnavailable, match="not asked"):
        await ask(guarded)
    answer.set()
    await trial

    assert fake.calls == ["capture"]
    assert state(guarded) is BreakerState.CLOSED
    await ask(guarded)


async def test_a_trial_that_fails_opens_it_again(fake: FakeGateway, guarded: GuardedGateway, clock: StillClock) -> None:
    await open_up(fake, guarded)
    clock.seconds = 30

    with pytest.raises(GatewayUnavailable, match="away"):
        await ask(guarded)

    clock.seconds = 59
    with pytest.raises(GatewayUnavailable, match="not asked"):
        await ask(guarded)
    clock.seconds, fake.work = 60, nothing
    await ask(guarded)
    assert state(guarded) is BreakerState.CLOSED


async def test_a_trial_that_is_cancelled_leaves_the_next_one_to_try(
    fake: FakeGateway, guarded: GuardedGateway, clock: StillClock
) -> None:
    await open_up(fake, guarded)
    clock.seconds, fake.work = 30, never
    trial = asyncio.create_task(ask(guarded))
    await asyncio.sleep(0)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert state(guarded) is BreakerState.HALF_OPEN

    fake.work = nothing
    await ask(guarded)

    assert state(guarded) is BreakerState.CLOSED


@pytest.mark.parametrize("answer", [GatewayDeclined("insufficient_funds"), GatewayRefused("amount_too_large")])
async def test_a_no_is_an_answer(fake: FakeGateway, guarded: GuardedGateway, answer: Exception) -> None:
    for error in (GatewayUnavailable("away"), GatewayUnavailable("away"), answer, GatewayUnavailable("away")):
        fake.work = failing(error)
        with pytest.raises(type(error)):
            await ask(guarded)

    assert state(guarded) is BreakerState.CLOSED


async def test_calls_that_were_under_way_neither_close_nor_prolong(
    fake: FakeGateway, guarded: GuardedGateway, clock: StillClock
) -> None:
    good, bad = asyncio.Event(), asyncio.Event()
    fake.work = lambda: _wait(good)
    early_good = asyncio.create_task(ask(guarded))
    await asyncio.sleep(0)
    fake.work = lambda: _wait(bad, GatewayUnavailable("late"))
    early_bad = asyncio.create_task(ask(guarded))
    await asyncio.sleep(0)
    await open_up(fake, guarded)
    clock.seconds = 20

    good.set()
    bad.set()
    await early_good
    with pytest.raises(GatewayUnavailable, match="late"):
        await early_bad

    assert state(guarded) is BreakerState.OPEN
    clock.seconds = 30
    assert state(guarded) is BreakerState.HALF_OPEN


async def _wait(until: asyncio.Event, error: Exception | None = None) -> None:
    await until.wait()
    if error is not None:
        raise error
