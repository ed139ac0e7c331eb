"""The sandbox keeps to the protocol, and goes wrong as it is told to."""

import asyncio

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from gateways.payments import (
    GatewayDeclined,
    GatewayRefused,
    GatewayUnavailable,
    Known,
    PaymentReference,
    RefundReason,
    SessionReference,
    SessionState,
)
from gateways.payments.sandbox.checkout import Outcome
from gateways.payments.sandbox.faults import word
from models.sandbox import SandboxFault
from tests.gateways.orders import HELD_ORDER, NOW, ORDER, key, order
from tests.gateways.sandbox_world import URL, SandboxWorld

WHOLE = ORDER.amount_minor


def told_to(*faults: SandboxFault) -> str:
    """A description that tells it to go wrong."""
    return " ".join(["Visit", *(f"#sandbox-{word(fault)}" for fault in faults)])


async def test_a_session_has_an_address_that_nobody_can_guess(sandbox: SandboxWorld) -> None:
    session = await sandbox.gateway.create_session(ORDER, key("create"))
    another = await sandbox.gateway.create_session(ORDER, key("another"))

    assert session.checkout_url == f"{URL}/sandbox/checkout/{session.reference}"
    assert session.reference != another.reference
    assert len(session.reference) > 30
    assert session.reference not in repr(session).replace(f"reference='{session.reference}'", "")
    assert await sandbox.gateway.fetch(session.reference) == Known(
        session.reference, PaymentReference("pay_17"), SessionState.OPEN, "EUR", 0, 0, 0
    )


async def test_paid_at_once(sandbox: SandboxWorld) -> None:
    reference = await sandbox.paid()

    known = await sandbox.gateway.fetch(reference)
    assert (known.state, known.captured_minor, known.held_minor) == (SessionState.COMPLETE, WHOLE, 0)
    assert await sandbox.told() == [("CAPTURED", WHOLE)]
    [event] = sandbox.got
    assert (event.provider, event.reference, event.payment) == ("sandbox", reference, "pay_17")
    assert (event.currency, event.occurred_at) == ("EUR", NOW)


async def test_held_and_captured_in_part_and_refunded(sandbox: SandboxWorld) -> None:
    reference = await sandbox.paid(HELD_ORDER)
    assert (await sandbox.gateway.fetch(reference)).held_minor == WHOLE

    await sandbox.gateway.capture(reference, 3_000, key("capture"))
    await sandbox.gateway.refund(reference, 1_000, key("refund"), RefundReason.REQUESTED)
    await sandbox.gateway.refund(reference, 2_000, key("refund-2"), RefundReason.REQUESTED)

    known = await sandbox.gateway.fetch(reference)
    assert (known.held_minor, known.captured_minor, known.refunded_minor) == (0, 3_000, 3_000)
    told = await sandbox.told()
    assert told == [("AUTHORIZED", WHOLE), ("CAPTURED", 3_000), ("REFUNDED", 1_000), ("REFUNDED", 2_000)]


async def test_held_and_given_back(sandbox: SandboxWorld) -> None:
    reference = await sandbox.paid(HELD_ORDER)

    await sandbox.gateway.void(reference, key("void"))

    assert (await sandbox.gateway.fetch(reference)).held_minor == 0
    assert await sandbox.told() == [("AUTHORIZED", WHOLE), ("VOIDED", WHOLE)]


async def test_what_cannot_be_is_refused(sandbox: SandboxWorld) -> None:
    gateway, reference = sandbox.gateway, await sandbox.session(HELD_ORDER)
    for refused in (
        gateway.capture(reference, 1, key("a")),
        gateway.void(reference, key("b")),
        gateway.refund(reference, 1, key("c"), RefundReason.REQUESTED),
        gateway.capture(SessionReference("sbx_unknown"), 1, key("d")),
        gateway.fetch(SessionReference("sbx_unknown")),
        gateway.create_session(order(amount_minor=0), key("e")),
        gateway.create_session(order(return_url="javascript:alert(1)"), key("f")),
        gateway.create_session(order(description="#sandbox-explode"), key("g")),
    ):
        with pytest.raises(GatewayRefused):
            await refused
    await sandbox.checkout.pay(reference)
    for refused in (
        gateway.capture(reference, WHOLE + 1, key("h")),
        gateway.capture(reference, 0, key("i")),
        gateway.expire_session(reference, key("j")),
    ):
        with pytest.raises(GatewayRefused):
            await refused

    assert await sandbox.told() == [("AUTHORIZED", WHOLE)]


async def test_a_key_is_done_once(sandbox: SandboxWorld) -> None:
    reference = await sandbox.paid()
    assert await sandbox.session() == reference

    refunds = [sandbox.gateway.refund(reference, 1_000, key("refund"), RefundReason.REQUESTED) for _ in range(5)]
    await asyncio.gather(*refunds)

    assert (await sandbox.gateway.fetch(reference)).refunded_minor == 1_000
    with pytest.raises(GatewayRefused, match="idempotency_error"):
        await sandbox.gateway.refund(reference, 2_000, key("refund"), RefundReason.REQUESTED)
    with pytest.raises(GatewayRefused, match="idempotency_error"):
        await sandbox.session(order(amount_minor=1))
    assert await sandbox.told() == [("CAPTURED", WHOLE), ("REFUNDED", 1_000)]


async def test_sessions_made_at_once_with_one_key_are_one(sandbox: SandboxWorld) -> None:
    made = await asyncio.gather(*(sandbox.session() for _ in range(5)))

    assert len(set(made)) == 1


async def test_paying_and_expiring_at_once_is_one_of_both(sandbox: SandboxWorld) -> None:
    reference = await sandbox.session()

    paid, expired = await asyncio.gather(
        sandbox.checkout.pay(reference),
        sandbox.gateway.expire_session(reference, key("expire")),
        return_exceptions=True,
    )

    told = await sandbox.told()
    if paid is Outcome.PAID:
        assert isinstance(expired, GatewayRefused)
        assert told == [("CAPTURED", WHOLE)]
    else:
        assert (paid, expired, told) == (Outcome.EXPIRED, None, [("VOIDED", WHOLE)])


async def test_a_session_ends_by_itself(sandbox: SandboxWorld) -> None:
    reference = await sandbox.session()
    sandbox.later(3_599)
    assert await sandbox.told() == []

    sandbox.later(1)

    assert await sandbox.checkout.pay(reference) is Outcome.EXPIRED
    assert await sandbox.told() == [("VOIDED", WHOLE)]
    assert (await sandbox.gateway.fetch(reference)).state is SessionState.EXPIRED
    assert await sandbox.told() == [("VOIDED", WHOLE)]


async def test_what_webhooks_tell_can_be_asked_for(sandbox: SandboxWorld) -> None:
    reference = await sandbox.paid(HELD_ORDER)
    sandbox.later(60)
    await sandbox.gateway.capture(reference, WHOLE, key("capture"))
    await sandbox.told()

    assert [event async for event in sandbox.gateway.events_since(NOW)] == sandbox.got
    assert [event async for event in sandbox.gateway.events_since(sandbox.now)] == sandbox.got[1:]
    assert await sandbox.gateway.payment_of(sandbox.got[0]) == "pay_17"


async def test_a_webhook_that_is_not_taken_comes_again(sandbox: SandboxWorld) -> None:
    await sandbox.paid()
    sandbox.takes = False
    await sandbox.told()
    assert len(await sandbox.told()) == 1, "not at once"

    sandbox.later(2)
    assert len(await sandbox.told()) == 2
    sandbox.later(4)
    sandbox.takes = True
    assert len(await sandbox.told()) == 3
    sandbox.later(86_400)

    assert len(await sandbox.told()) == 3
    assert len({event.event_id for event in sandbox.got}) == 1


async def test_webhooks_that_nobody_takes_come_to_an_end(sandbox: SandboxWorld) -> None:
    await sandbox.paid()
    sandbox.takes = False
    for _ in range(30):
        await sandbox.told()
        sandbox.later(300)

    assert len(sandbox.got) == 15


async def test_a_webhook_whose_sender_dies_is_sent_by_another(sandbox: SandboxWorld) -> None:
    await sandbox.paid()
    another = SandboxWorld(sandbox.sessions)
    dying = asyncio.create_task(sandbox.deliveries.send_due())
    sending = asyncio.Event()

    async def never(*_: object) -> bool:
        sending.set()
        return await asyncio.Future()

    sandbox.deliveries._deliver = never
    await sending.wait()
    assert await another.told() == [], "it is under way"
    dying.cancel()
    another.later(30)

    assert await another.told() == [("CAPTURED", WHOLE)]


async def test_two_processes_send_each_webhook_once(sandbox: SandboxWorld) -> None:
    another = SandboxWorld(sandbox.sessions)
    for number in range(6):
        await sandbox.checkout.pay(await sandbox.session(create=f"create-{number}"))

    await asyncio.gather(sandbox.told(), another.told())

    assert len({event.event_id for event in sandbox.got + another.got}) == len(sandbox.got + another.got) == 6


async def test_deliveries_run_until_they_are_cancelled(sandbox: SandboxWorld) -> None:
    running = asyncio.create_task(sandbox.deliveries.run())
    await sandbox.paid()
    async with asyncio.timeout(10):
        await sandbox.has_got.wait()
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


async def test_deliveries_outlive_a_database_that_is_away(sandbox: SandboxWorld) -> None:
    away = [asyncpg.CannotConnectNowError("starting up"), ConnectionRefusedError(), None]

    def sessions() -> AsyncSession:
        if away and (error := away.pop(0)) is not None:
            sandbox.deliveries.wake()
            raise error
        return sandbox.sessions()

    await sandbox.paid()
    sandbox.deliveries._sessions = sessions  # type: ignore[assignment]
    running = asyncio.create_task(sandbox.deliveries.run())
    async with asyncio.timeout(10):
        await sandbox.has_got.wait()
    running.cancel()

    assert away == []


async def test_decline(sandbox: SandboxWorld) -> None:
    reference = await sandbox.session(order(description=told_to(SandboxFault.DECLINE)))

    assert await sandbox.checkout.pay(reference) is Outcome.DECLINED
    await sandbox.checkout.set_faults(reference, frozenset())
    assert await sandbox.checkout.decline(reference) is Outcome.DECLINED
    assert await sandbox.checkout.pay(reference) is Outcome.PAID
    assert await sandbox.checkout.decline(reference) is Outcome.PAID, "paid is paid"

    assert await sandbox.told() == [("FAILED", WHOLE), ("FAILED", WHOLE), ("CAPTURED", WHOLE)]


async def test_fail(sandbox: SandboxWorld) -> None:
    reference = await sandbox.paid(order(description=told_to(SandboxFault.FAIL)))

    with pytest.raises(GatewayDeclined) as declined:
        await sandbox.gateway.refund(reference, WHOLE, key("refund"), RefundReason.REQUESTED)

    assert declined.value.reason == "processing_error"
    assert (await sandbox.gateway.fetch(reference)).refunded_minor == 0


async def test_unavailable(sandbox: SandboxWorld) -> None:
    with pytest.raises(GatewayUnavailable):
        await sandbox.session(order(description=told_to(SandboxFault.UNAVAILABLE)))
    reference = await sandbox.paid()
    await sandbox.checkout.set_faults(reference, frozenset({SandboxFault.UNAVAILABLE}))
    for asked in (
        sandbox.gateway.fetch(reference),
        sandbox.gateway.refund(reference, WHOLE, key("refund"), RefundReason.REQUESTED),
    ):
        with pytest.raises(GatewayUnavailable):
            await asked

    await sandbox.checkout.set_faults(reference, frozenset())
    assert (await sandbox.gateway.fetch(reference)).refunded_minor == 0


async def test_lose_answer(sandbox: SandboxWorld) -> None:
    lossy = order(description=told_to(SandboxFault.LOSE_ANSWER))
    with pytest.raises(GatewayUnavailable):
        await sandbox.session(lossy)
    reference = await sandbox.paid(lossy)

    with pytest.raises(GatewayUnavailable):
        await sandbox.gateway.refund(reference, 1_000, key("refund"), RefundReason.REQUESTED)
    await sandbox.gateway.refund(reference, 1_000, key("refund"), RefundReason.REQUESTED)

    assert (await sandbox.gateway.fetch(reference)).refunded_minor == 1_000
    assert await sandbox.told() == [("CAPTURED", WHOLE), ("REFUNDED", 1_000)]


async def test_delay(sandbox: SandboxWorld) -> None:
    await sandbox.paid(order(description=told_to(SandboxFault.DELAY)))
    sandbox.later(9)
    assert await sandbox.told() == []

    sandbox.later(1)
    assert await sandbox.told() == [("CAPTURED", WHOLE)]
    assert sandbox.got[0].occurred_at == NOW


async def test_repeat(sandbox: SandboxWorld) -> None:
    await sandbox.paid(order(description=told_to(SandboxFault.REPEAT)))
    await sandbox.told()
    sandbox.later(60)

    assert await sandbox.told() == [("CAPTURED", WHOLE)] * 2
    assert sandbox.got[0] == sandbox.got[1]


async def test_reorder(sandbox: SandboxWorld) -> None:
    reference = await sandbox.paid(order(description=told_to(SandboxFault.REORDER)))
    assert await sandbox.told() == []
    sandbox.later(5)
    await sandbox.gateway.refund(reference, 1_000, key("refund"), RefundReason.REQUESTED)
    await sandbox.told()
    sandbox.later(1)
    assert await sandbox.told() == [("REFUNDED", 1_000), ("CAPTURED", WHOLE)]

    await sandbox.gateway.refund(reference, 2_000, key("refund-2"), RefundReason.REQUESTED)
    sandbox.later(30)
    assert (await sandbox.told())[2:] == [("REFUNDED", 2_000)]
