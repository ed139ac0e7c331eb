"""A doctor is deactivated while her patients book and pay: nobody keeps a seat with her, who paid has it all back."""

import asyncio
from contextlib import AsyncExitStack
from itertools import cycle
from typing import Any

import pytest

from gateways.payments.sandbox.checkout import Outcome
from server.recount import recount
from tests.payments.test_races import at_once
from tests.payments.world import FEE, PREPAID, PaymentWorld, codes, gid, payment_world

PEOPLE = """
INSERT INTO users (id, name, email)
  SELECT i, 'Crowd ' || i, 'crowd' || i || '@example.org' FROM generate_series(5001, 5024) i;
INSERT INTO patients (id, user_id) SELECT i, i FROM generate_series(5001, 5024) i;
UPDATE slots SET capacity = 20 WHERE doctor_id = 1 AND starts_at > '2026-06-15T12:00Z'
"""
SLOTS = (140, 150, 160, 170)
AHEAD = "FROM appointments WHERE doctor_id = 1 AND keeps_seat AND starts_at > '2026-06-15T12:00Z'"
HERS = "FROM payments p JOIN appointments a ON a.id = p.appointment_id WHERE a.patient_id > 5000"
LEFT = """
SELECT e.account, sum(e.amount_minor) FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
WHERE t.payment_id IN (SELECT p.id FROM payments p JOIN appointments a ON a.id = p.appointment_id
                       WHERE a.patient_id > 5000)
  AND e.account NOT IN ('GATEWAY_CLEARING', 'REFUNDS')
GROUP BY e.account HAVING sum(e.amount_minor) <> 0
"""


async def order(world: PaymentWorld, patient: int) -> str | None:
    """Books and opens a place to pay; the sandbox's reference, or None if she came too late."""
    slot = gid("Slot", SLOTS[patient % 4])
    booked = await world.do("bookAppointment", "service", slotId=slot, patientId=gid("Patient", patient))
    if codes(booked):
        assert codes(booked) == ["SLOT_UNAVAILABLE"]
        return None
    about = {"appointmentId": booked["appointment"]["id"]}
    session = await world.do("createPaymentSession", "service", **about)
    if codes(session):
        assert codes(session) == ["INVALID_TRANSITION"]
        return None
    return str(session["clientToken"])


async def pay(world: PaymentWorld, reference: str | None) -> bool:
    """Whether the sandbox took her money. She may find her place to pay closed."""
    return reference is not None and await world.checkout.pay(reference) is Outcome.PAID


async def come_and_pay(world: PaymentWorld, patient: int, ordered: asyncio.Semaphore) -> bool:
    reference = await order(world, patient)
    ordered.release()
    return await pay(world, reference)


async def leave(world: PaymentWorld, ordered: asyncio.Semaphore, after: int) -> list[str]:
    """Once so many of those who come now have a place to pay."""
    for _ in range(after):
        await ordered.acquire()
    given = {"doctorId": gid("Doctor", 1), "appointments": "CANCEL", "reason": "Ill"}
    document = "mutation ($input: DeactivateDoctorInput!) { deactivateDoctor(input: $input) { userErrors { code } } }"
    answer = await world.client.ask(document, {"input": given}, viewer="admin")
    return codes(answer.data["deactivateDoctor"])


@pytest.mark.parametrize("after", [0, 3])
async def test_deactivating_while_patients_pay(clinic: str, after: int) -> None:
    ordered = asyncio.Semaphore(0)
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(payment_world(clinic)) for _ in range(2)]
        for statement in (PREPAID, *PEOPLE.split(";")):
            await one.rows(statement)
        servers = cycle((one, two))
        # Paid and heard; paid, and heard meanwhile; about to pay; about to pay when she has left; about to book.
        heard, unheard, paying, late = [
            await asyncio.gather(*(order(next(servers), first + n) for n in range(4)))
            for first in (5001, 5005, 5009, 5013)
        ]
        assert all([await pay(one, reference) for reference in heard])
        await one.tell()
        assert all([await pay(one, reference) for reference in unheard])
        acts: list[Any] = [
            *(pay(next(servers), reference) for reference in paying),
            *(come_and_pay(next(servers), patient, ordered) for patient in range(5017, 5025)),
            leave(two, ordered, after),
            one.tell(),
            two.tell(),
        ]
        answers = await at_once(*acts)
        assert [] in answers, "she has left"
        afterwards = await asyncio.gather(*(pay(next(servers), reference) for reference in late))
        await one.settle()
        await two.settle()
        paid = 8 + sum(answer is True for answer in (*answers, *afterwards))
        assert await one.value(f"SELECT count(*) {AHEAD}") == 0
        assert await one.value(f"SELECT count(*) {HERS} AND p.captured_minor > 0") == paid
        assert await one.value(f"SELECT count(*) {HERS} AND p.captured_minor <> p.refunded_minor") == 0
        assert await one.value("SELECT sum(captured_minor) FROM sandbox_payments") == paid * FEE
        assert await one.value("SELECT sum(refunded_minor) FROM sandbox_payments") == paid * FEE
        await one.check_books()
        assert await one.rows(LEFT) == []
        assert await one.value("SELECT count(*) FROM slots WHERE doctor_id = 1 AND booked_count > 0 AND id >= 140") == 0
        assert list(await recount(clinic)) == []
