"""Webhooks in any order, as often as they like to come: what they leave behind is the same."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.payments.payment_references import payment_id_of, reference_of
from domain.payments.receive_event import receive_event
from domain.session import Session
from gateways.payments import EventId, GatewayEvent, PaymentReference
from models.enums import PaymentEventKind as Kind
from tests.clinic_data import NOW
from tests.payments.world import FEE, PaymentWorld, gid

STATE = """
SELECT p.status, p.captured_minor, p.refunded_minor, p.captured_at, a.status AS visit,
  (SELECT jsonb_object_agg(account, amount ORDER BY account) FROM (
     SELECT account, sum(e.amount_minor) AS amount FROM ledger_transactions t
     JOIN ledger_entries e ON e.transaction_id = t.id WHERE t.payment_id = p.id
     GROUP BY account HAVING sum(e.amount_minor) <> 0) b) AS books
FROM payments p JOIN appointments a ON a.id = p.appointment_id WHERE p.id = $1
"""


class Undone(Exception):
    """Rolls back what one order of events has left."""


def told(payment_id: int, number: int, kind: Kind, amount: int, second: int, **more: Any) -> GatewayEvent:
    return GatewayEvent(
        provider="sandbox",
        event_id=EventId(f"evt_{number}"),
        kind=kind,
        reference=None,
        payment=reference_of(payment_id),
        amount_minor=amount,
        currency="EUR",
        occurred_at=NOW + timedelta(seconds=second),
        payload={"n": number},
        **more,
    )


async def left_by(world: PaymentWorld, payment_id: int, events: list[GatewayEvent]) -> dict[str, Any]:
    """The state after these events in this order, all rolled back again."""
    state: dict[str, Any] = {}
    try:
        async with world.beginning("receiveEvent")() as session:
            for event in events:
                await receive_event(session, event, event.payment)
            await session.run("SET CONSTRAINTS ALL IMMEDIATE")
            state = dict((await session.run(STATE, payment_id))[0])
            raise Undone
    except Undone:
        return state


STORIES = {
    "declined, then paid": [(Kind.FAILED, FEE, 1), (Kind.CAPTURED, FEE, 2), (Kind.OTHER, 0, 2)],
    "held, taken in part, given back in parts": [
        (Kind.AUTHORIZED, FEE, 1),
        (Kind.CAPTURED, 4_000, 2),
        (Kind.REFUNDED, 1_000, 3),
        (Kind.REFUNDED, 999, 4),
    ],
    "a refund that bounced": [(Kind.CAPTURED, FEE, 1), (Kind.REFUNDED, FEE, 2), (Kind.REFUNDED, -FEE, 3)],
    "paid too late": [(Kind.CAPTURED, FEE, 3_600), (Kind.FAILED, FEE, 1)],
    "expired, then paid": [(Kind.VOIDED, FEE, 1), (Kind.FAILED, FEE, 2), (Kind.CAPTURED, FEE, 3)],
}


@pytest.mark.parametrize("story", STORIES)
async def test_every_order_of_the_same_events(world: PaymentWorld, story: str) -> None:
    appointment_id = await world.book()
    await world.open_session(appointment_id)
    world.later(hours=2)
    payment_id = await world.value("SELECT id FROM payments WHERE appointment_id = $1", appointment_id)
    events = [told(payment_id, n, *said) for n, said in enumerate(STORIES[story])]
    ends = [await left_by(world, payment_id, list(order)) for order in permutations(events)]
    assert all(end == ends[0] for end in ends)
    assert ends[0]["visit"] == ("PENDING" if story == "paid too late" else "CONFIRMED")


KINDS = st.sampled_from([Kind.AUTHORIZED, Kind.CAPTURED, Kind.REFUNDED, Kind.FAILED, Kind.VOIDED, Kind.OTHER])
SAID = st.lists(st.tuples(KINDS, st.sampled_from([1, 999, FEE]), st.integers(0, 40)), min_size=1, max_size=6)


async def test_any_events_in_any_order_any_number_of_times(world: PaymentWorld) -> None:
    """Of whatever kinds and amounts, also those that no gateway tells; some come twice."""
    appointment_id = await world.book()
    await world.open_session(appointment_id)
    world.later(hours=2)
    payment_id = await world.value("SELECT id FROM payments WHERE appointment_id = $1", appointment_id)
    examples: list[tuple[list[Any], int]] = []

    @settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
    @given(SAID, st.integers())
    def collect(said: list[Any], seed: int) -> None:
        examples.append((said, seed))

    collect()
    for said, seed in examples:
        random = Random(seed)
        events = [told(payment_id, n, *each) for n, each in enumerate(said)]
        first = await left_by(world, payment_id, events)
        for _ in range(3):
            again = events + random.choices(events, k=2)
            random.shuffle(again)
            assert await left_by(world, payment_id, again) == first, said


async def test_each_event_counts_once(world: PaymentWorld) -> None:
    _, payment_id = await world.paid()
    for _ in range(3):
        await world.tell()
    assert await world.money(payment_id) == ("CAPTURED", FEE, 0)
    (kept,) = await world.rows("SELECT provider, kind, by_hand, payload FROM payment_events")
    assert (kept["provider"], kept["kind"], kept["by_hand"]) == ("sandbox", "CAPTURED", False)
    assert '"sbx_' in kept["payload"]
    assert await world.value("SELECT count(*) FROM outbox_events WHERE name = 'payment.captured'") == 1


async def test_what_is_about_nothing_of_ours_is_kept(world: PaymentWorld) -> None:
    """Another's payment, another currency, another gateway: none of it touches a payment."""
    _, payment_id = await world.paid()
    (paid,) = await world.events()
    strange: list[GatewayEvent] = [
        replace(paid, event_id=EventId("1"), payment=None),
        replace(paid, event_id=EventId("2"), payment=PaymentReference("order 17")),
        replace(paid, event_id=EventId("3"), payment=reference_of(2**62)),
        replace(paid, event_id=EventId("4"), currency="JPY"),
        replace(paid, event_id=EventId("5"), provider="another"),
        replace(paid, event_id=EventId("6"), payment=PaymentReference("payment-99999999999999999999")),
    ]
    await world.tell(*strange)
    assert await world.money(payment_id) == ("PENDING", 0, 0)
    assert await world.value("SELECT count(*) FROM payment_events WHERE payment_id IS NULL") == len(strange)


def test_references() -> None:
    assert payment_id_of(reference_of(7)) == 7
    for strange in ("7", "payment-", "payment--7", "payment-7 ", "payment-\u0667", "payment-" + "9" * 19, None):
        assert payment_id_of(None if strange is None else PaymentReference(strange)) is None


async def test_money_given_back_by_hand_is_not_given_back_again(world: PaymentWorld) -> None:
    """Somebody refunds at the gateway's own pages; then the visit is called off."""
    appointment_id, payment_id = await world.paid()
    await world.tell()
    (paid,) = await world.events()
    by_hand = replace(
        paid, event_id=EventId("by hand"), kind=Kind.REFUNDED, amount_minor=3_000, payment=None, reference=None
    )

    async with world.beginning("receiveEvent")() as session:
        assert await receive_event(session, by_hand, reference_of(payment_id))
    assert await world.money(payment_id) == ("PARTIALLY_REFUNDED", FEE, 3_000)
    await world.do("cancelAppointment", "staff", appointmentId=gid("Appointment", appointment_id), reason="ill")
    assert await world.value("SELECT amount_minor FROM gateway_requests WHERE kind = 'REFUND'") == FEE - 3_000


async def test_who_pays_twice_gets_one_back(world: PaymentWorld) -> None:
    """Which no gateway should let happen."""
    _, payment_id = await world.paid()
    (paid,) = await world.events()
    await world.tell(paid, replace(paid, event_id=EventId("again"), amount_minor=2_000))
    assert await world.money(payment_id) == ("CAPTURED", FEE + 2_000, 0)
    assert await world.account("PATIENT_RECEIVABLE") == -2_000
    (asked,) = await world.rows("SELECT amount_minor, is_duplicate FROM gateway_requests WHERE kind = 'REFUND'")
    assert tuple(asked) == (2_000, True)


async def test_a_moved_appointment_is_met_where_it_is(world: PaymentWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves its slot just before the event has that locked."""
    appointment_id, _ = await world.paid()
    (paid,) = await world.events()
    moved = False

    run = Session.run

    async def moving(session: Session, text: str, *arguments: object) -> Any:
        nonlocal moved
        if "booked_count, unpaid_count" in text and not moved:
            moved = True
            await world.rows("UPDATE appointments SET slot_id = 170 WHERE id = $1", appointment_id)
        return await run(session, text, *arguments)

    monkeypatch.setattr(Session, "run", moving)
    await world.tell(paid)
    assert await world.status(appointment_id) == "CONFIRMED"
