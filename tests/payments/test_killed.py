"""A server that is killed by SIGKILL at any step of a booking and its payment, and another that goes on.

A step is before or after a statement, a commit or a call of the gateway; a run in which nobody is killed counts them.
Usually a server dies at some of them, with CRASH_ALL=1 one at each. First nobody comes back: the next server settles
what is there by itself. Then everybody asks again, with the same keys, and it ends as if nothing had happened.
"""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from server.embedded import create_database, drop_database
from server.recount import recount
from tests.payments.mortal import Died, Life, Nursery, living, nursery
from tests.payments.world import FEE, PREPAID, UNBALANCED, UNLIKE, gid
from tests.scheduling.invariants import broken

FEW = 4
KEPT = 3_000  # of a visit that is cancelled late; so a refund that is made twice would not be refused
SLOT = 160
Saga: TypeAlias = Callable[[Life], Awaitable[None]]
NUMBERS = count(1)

NEVER = {
    "confirmed unpaid": """
        SELECT a.id FROM appointments a WHERE a.status = 'CONFIRMED' AND a.slot_id = 160 AND NOT EXISTS (
          SELECT FROM payments p JOIN sandbox_payments s ON s.reference = p.gateway_reference
          WHERE p.appointment_id = a.id AND s.captured_minor - s.refunded_minor >= p.amount_minor)""",
    "money kept without a seat": """
        SELECT p.id, s.captured_minor, s.refunded_minor FROM payments p JOIN appointments a ON a.id = p.appointment_id
        JOIN sandbox_payments s ON s.reference = p.gateway_reference
        WHERE s.captured_minor - s.refunded_minor <>
          CASE WHEN a.status = 'CONFIRMED' THEN p.amount_minor ELSE least(p.kept_minor, s.captured_minor) END
          AND s.captured_minor > 0""",
    "refunded twice": "SELECT reference FROM sandbox_events WHERE kind = 'REFUNDED' GROUP BY 1 HAVING count(*) > 1",
    "two places to pay": "SELECT payment FROM sandbox_payments GROUP BY payment HAVING count(*) > 1",
    "another amount here than there": """
        SELECT p.id FROM payments p JOIN sandbox_payments s ON s.payment = 'payment-' || p.id
        WHERE (p.captured_minor, p.refunded_minor) IS DISTINCT FROM (s.captured_minor, s.refunded_minor)""",
    "left undone": "SELECT id, kind, status FROM gateway_requests WHERE status <> 'DONE'",
    "books that do not balance": UNBALANCED,
    "books unlike the payments": UNLIKE,
}


async def book_and_pay(life: Life) -> None:
    """A booking that waits for its payment, a session, a payment, and the webhook that tells of it."""
    if (reference := await session(life, await book(life))) is not None:
        await life.pay(reference)
    await life.heard()


async def pay_too_late(life: Life) -> None:
    """Somebody else takes the seat before the payment comes: it goes back by itself."""
    reference = await session(life, await book(life))
    await life.sql.execute("UPDATE sandbox_payments SET expires_at = expires_at + interval '2 hours'")
    life.later(minutes=31)
    await book(life, "stranger")
    if reference is not None:
        await life.pay(reference)
    await life.settle()


async def cancel(life: Life) -> None:
    """A paid booking is cancelled late: what is not the clinic's goes back."""
    await book_and_pay(life)
    appointment_id = await life.sql.fetchval("SELECT max(id) FROM appointments WHERE slot_id = $1", SLOT)
    await life.ask("cancelAppointment", "patient", appointmentId=gid("Appointment", appointment_id), reason="ill")
    await life.settle()


async def book(life: Life, viewer: str = "patient") -> str | None:
    booked = await life.ask("bookAppointment", viewer, slotId=gid("Slot", SLOT))
    return None if booked["appointment"] is None else str(booked["appointment"]["id"])


async def session(life: Life, appointment_id: str | None) -> str | None:
    about = {"appointmentId": appointment_id, "returnUrl": "https://clinic.example/paid"}
    token: str | None = (await life.ask("createPaymentSession", "patient", **about))["clientToken"]
    return token


# What each ends with: the state of her appointment, and what of her money is kept.
SAGAS: dict[Saga, tuple[str, int]] = {
    book_and_pay: ("CONFIRMED", FEE),
    pay_too_late: ("CANCELLED", 0),
    cancel: ("CANCELLED", KEPT),
}
OF_HERS = """
SELECT a.status, coalesce((SELECT sum(captured_minor - refunded_minor)::int FROM sandbox_payments), 0)
FROM appointments a WHERE a.slot_id = $1 AND a.patient_id = 1
"""


@pytest.fixture(scope="module")
def mother() -> Iterator[Nursery]:
    with nursery() as opened:
        yield opened


@asynccontextmanager
async def prepaid_clinic(postgres: str, template: str) -> AsyncIterator[str]:
    dsn = await create_database(postgres, f"test_{os.getpid()}_killed_{next(NUMBERS)}", template=template)
    connection = await asyncpg.connect(dsn)
    await connection.execute(PREPAID)
    await connection.execute(f"UPDATE clinic_policies SET late_fee_minor = {KEPT}")
    await connection.execute("UPDATE clinics SET name = 'Harbour #sandbox-delay'")
    await connection.close()
    try:
        yield dsn
    finally:
        await drop_database(postgres, dsn.rpartition("/")[2].partition("?")[0])


async def check(life: Life, dsn: str) -> None:
    found = {name: [tuple(row) for row in await life.sql.fetch(query)] for name, query in NEVER.items()}
    assert {name: rows for name, rows in found.items() if rows} == {}
    assert list(await recount(dsn)) == []


@pytest.mark.parametrize("saga", SAGAS, ids=lambda saga: saga.__name__)
async def test_killed(saga: Saga, postgres: str, clinic_template: str, mother: Nursery, tmp_path: Path) -> None:
    async def run(die_at: int) -> list[str]:
        """Steps that were taken until then."""
        data = tmp_path / str(die_at)
        data.mkdir()
        async with prepaid_clinic(postgres, clinic_template) as dsn:
            async with living(dsn, mother, data, die_at) as life:
                with suppress(Died):
                    await saga(life)
                if die_at:
                    assert await life.ended == {"ended": -signal.SIGKILL}
                else:
                    await check(life, dsn)
                steps = (data / "steps").read_text().splitlines()
            async with living(dsn, mother, data) as life:
                life.later(minutes=3)  # after which it is clear that who was at it has died
                await life.settle()
                await check(life, dsn)
                await saga(life)
                await life.settle()
                await check(life, dsn)
                assert [tuple(row) for row in await life.sql.fetch(OF_HERS, SLOT)] == [SAGAS[saga]]
            assert await broken(dsn) == {}
        return steps

    steps = await run(0)
    # The most that can be lost is an answer of the gateway.
    calls = {n for n, step in enumerate(steps, 1) if step.startswith("after gateway: ")}
    assert calls
    every = 1 if os.environ.get("CRASH_ALL") else len(steps) // FEW
    for die_at in sorted(calls | set(range(every, len(steps) + 1, every))):
        assert await run(die_at) == steps[:die_at]
