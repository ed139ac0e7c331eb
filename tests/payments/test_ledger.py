"""The books: what an operation writes, and that a thousand of them sum to zero."""

from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.payments.ledger import books_of_payment
from models.enums import LedgerAccount as Account
from models.enums import PaymentEventKind as Kind
from tests.clinic_data import NOW
from tests.payments.test_events import told
from tests.payments.world import PaymentWorld, gid

OPERATIONS = 1_000
AMOUNTS = st.integers(0, 10**12)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_the_books_of_a_payment_sum_to_zero(captured: int, refunded: int, earnable: int) -> None:
    refunded = min(refunded, captured)
    books = books_of_payment(7, captured=captured, refunded=refunded, earnable=earnable)
    assert sum(books.values()) == 0
    assert books[Account.GATEWAY_CLEARING, None] + books[Account.REFUNDS, None] == captured - refunded
    assert books[Account.PLATFORM_FEE, None] <= 0
    assert books[Account.DOCTOR_PAYABLE, 7] <= 0
    assert books[Account.PATIENT_RECEIVABLE, None] <= 0


async def test_a_payment_in_the_books(world: PaymentWorld) -> None:
    appointment_id, _ = await world.paid()
    await world.tell()
    assert await books(world) == {"GATEWAY_CLEARING": 5_100, "PLATFORM_FEE": -510, "DOCTOR_PAYABLE": -4_590}
    await world.do("cancelAppointment", "staff", appointmentId=gid("Appointment", appointment_id), reason="ill")
    assert await books(world) == {"GATEWAY_CLEARING": 5_100, "PATIENT_RECEIVABLE": -5_100}
    await world.settle()
    assert await books(world) == {"GATEWAY_CLEARING": 5_100, "REFUNDS": -5_100}


async def test_what_was_earned_goes_with_the_visit_to_another_doctor(world: PaymentWorld) -> None:
    """She who sees the patient is paid; who was paid out for it already owes it at her next payout."""
    appointment_id, payment_id = await world.paid()
    await world.tell()
    wanted = await world.value(
        "SELECT min(id) FROM slots WHERE doctor_id = 2 AND starts_at > $1", NOW + timedelta(days=2)
    )
    moved = {"appointmentId": gid("Appointment", appointment_id), "slotId": gid("Slot", wanted)}
    assert (await world.do("rescheduleAppointment", "admin", **moved))["userErrors"] == []
    owed = await world.rows(
        "SELECT doctor_id, sum(amount_minor) AS amount FROM ledger_entries WHERE account = 'DOCTOR_PAYABLE' "
        "GROUP BY doctor_id ORDER BY doctor_id"
    )
    assert [tuple(row) for row in owed] == [(1, 0), (2, -4_590)]
    assert await world.money(payment_id) == ("CAPTURED", 5_100, 0)
    assert await world.rows("SELECT FROM gateway_requests WHERE kind = 'REFUND'") == []


async def books(world: PaymentWorld) -> dict[str, int]:
    rows = await world.rows("SELECT account, sum(amount_minor) AS amount FROM ledger_entries GROUP BY account")
    return {row["account"]: row["amount"] for row in rows if row["amount"]}


async def test_a_thousand_operations(world: PaymentWorld) -> None:
    """Payments, declines, refunds, bounces, cancellations and payouts, at random, in two currencies."""
    for statement in PLENTY:
        await world.rows(statement)
    random = Random(20_260_615)
    appointments = [row["id"] for row in await world.rows("SELECT id FROM appointments WHERE id > 50000 ORDER BY id")]
    payments = [row["id"] for row in await world.rows("SELECT id FROM payments WHERE id > 50000 ORDER BY id")]
    kinds = [Kind.CAPTURED, Kind.CAPTURED, Kind.REFUNDED, Kind.REFUNDED, Kind.FAILED, Kind.VOIDED, Kind.AUTHORIZED]
    for n in range(OPERATIONS):
        what = random.random()
        if what < 0.92:
            payment_id = random.choice(payments)
            amount = random.choice([-1, 1, 1, 1]) * random.randint(1, 6_000)
            kind = random.choice(kinds)
            event = told(payment_id, n, kind, amount if kind is Kind.REFUNDED else abs(amount), n)
            await world.tell(event if payment_id % 2 else _in(event, "USD"))
        elif what < 0.97:
            about = gid("Appointment", random.choice(appointments))
            await world.do("cancelAppointment", "admin", appointmentId=about, reason="walk")
        else:
            world.later(hours=random.randint(1, 30))
            await world.do("generatePayouts", "admin", period=_days(world, random.randint(0, 3)))
    await world.check_books()
    sums = await world.rows("SELECT currency, sum(amount_minor) AS sum FROM ledger_entries GROUP BY currency")
    assert {row["currency"]: row["sum"] for row in sums} == {"EUR": 0, "USD": 0}
    assert await world.value("SELECT count(*) FROM payouts") > 3
    assert await world.value("SELECT count(*) FROM gateway_requests WHERE kind = 'REFUND'") > 10


def _in(event: Any, currency: str) -> Any:
    from dataclasses import replace

    return replace(event, currency=currency)


def _days(world: PaymentWorld, back: int) -> dict[str, str]:
    end = (world.now - timedelta(days=1 + back, hours=12)).date()
    return {"from": str(end - timedelta(days=3)), "to": str(end)}


# Forty visits in July, of two doctors, with payments in two currencies (odd ids: euros).
PLENTY = (
    """
    INSERT INTO slots (id, doctor_id, clinic_id, starts_at, ends_at, blocked_until, capacity)
      SELECT 50000 + n, 1 + n % 2, 1 + n % 2, t, t + interval '20 minutes', t + interval '20 minutes', 1
      FROM generate_series(1, 40) n,
           LATERAL (SELECT timestamptz '2026-07-01 08:00Z' + n * interval '30 minutes' AS t) x
    """,
    """
    INSERT INTO appointments (id, slot_id, patient_id, status) SELECT 50000 + n, 50000 + n, 1 + n % 3, 'CONFIRMED'
      FROM generate_series(1, 40) n
    """,
    """
    INSERT INTO payments (id, appointment_id, amount_minor, currency, gateway, gateway_reference)
      SELECT 50000 + n, 50000 + n, 5000, CASE WHEN n % 2 = 1 THEN 'EUR' ELSE 'USD' END, 'sandbox', 'sbx_walk_' || n
      FROM generate_series(1, 40) n
    """,
)
