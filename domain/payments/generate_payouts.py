"""What doctors are owed, paid out."""

from datetime import date, timedelta

from asyncpg import Record

from domain.payments.ledger import post_payout
from domain.refusal import Invalid, NotFound
from domain.session import Session
from models import Payout

LONGEST_PERIOD = timedelta(days=366)
MOST_DOCTORS = 1_000

# Whose account has moved; locked in order, so that of two who pay out at once the second sees what the first has paid.
LOCK_DOCTORS = """
SELECT d.id FROM doctors d
WHERE ($1::bigint[] IS NULL OR d.id = ANY ($1))
  AND ($2::bigint IS NULL OR EXISTS (SELECT FROM doctor_clinics w WHERE w.doctor_id = d.id AND w.clinic_id = $2))
  AND EXISTS (SELECT FROM ledger_entries e WHERE e.doctor_id = d.id)
ORDER BY d.id FOR NO KEY UPDATE OF d
"""
# Money of a payment counts on the day of the clinic where it was earned; earlier payouts count whenever they were made.
OWED = """
SELECT e.doctor_id, e.currency, -sum(e.amount_minor)::bigint AS amount
FROM ledger_entries e
JOIN ledger_transactions t ON t.id = e.transaction_id
LEFT JOIN payments p ON p.id = t.payment_id
LEFT JOIN appointments a ON a.id = p.appointment_id
LEFT JOIN clinics c ON c.id = a.clinic_id
WHERE e.doctor_id = ANY ($1)
  AND (t.payout_id IS NOT NULL OR (t.occurred_at AT TIME ZONE coalesce(c.time_zone, 'UTC'))::date <= $2)
GROUP BY e.doctor_id, e.currency HAVING sum(e.amount_minor) < 0
ORDER BY e.doctor_id, e.currency
"""
THERE = """
SELECT doctor_id, currency FROM payouts WHERE doctor_id = ANY ($1) AND period_start = $2 AND period_end = $3
"""


async def generate_payouts(
    session: Session, start: date, end: date, *, clinic_id: int | None, doctor_ids: list[int] | None
) -> list[int]:
    """Pays out to doctors (those of a clinic, or those named) all that they are owed by the end of the last day.

    So what was left over from before the period is in it, nothing is paid twice, and what comes later is in the next
    one. Who is owed nothing, or has a payout for this period already, gets none. Returns the ids of the new payouts.
    Raises Invalid, NotFound.
    """
    _check_period(session, start, end)
    if doctor_ids is not None and not 0 < len(set(doctor_ids)) <= MOST_DOCTORS:
        raise Invalid({"doctorIds": f"name from 1 to {MOST_DOCTORS} doctors"})
    await _check_known(session, clinic_id, doctor_ids)
    doctors = [row["id"] for row in await session.run(LOCK_DOCTORS, doctor_ids, clinic_id)]
    there = {(row["doctor_id"], row["currency"]) for row in await session.run(THERE, doctors, start, end)}
    owed = await session.run(OWED, doctors, end)
    return [
        await _pay_out(session, row, start, end) for row in owed if (row["doctor_id"], row["currency"]) not in there
    ]


def _check_period(session: Session, start: date, end: date) -> None:
    if start > end or end - start >= LONGEST_PERIOD:
        raise Invalid({"period": "it must have from 1 to 366 days"})
    # A day is over everywhere 12 hours after it is in UTC.
    if end >= (session.now - timedelta(hours=12)).date():
        raise Invalid({"period": "it must be over"})


async def _check_known(session: Session, clinic_id: int | None, doctor_ids: list[int] | None) -> None:
    if clinic_id is not None and not await session.run("SELECT FROM clinics WHERE id = $1", clinic_id):
        raise NotFound("there is no such clinic", field="clinicId")
    if doctor_ids is not None:
        wanted = set(doctor_ids)
        found = await session.run("SELECT id FROM doctors WHERE id = ANY ($1)", list(wanted))
        if len(found) != len(wanted):
            raise NotFound("there is no such doctor", field="doctorIds")


async def _pay_out(session: Session, row: Record, start: date, end: date) -> int:
    doctor_id, amount, currency = row["doctor_id"], row["amount"], row["currency"]
    payout_id = await session.insert(
        Payout,
        doctor_id=doctor_id,
        period_start=start,
        period_end=end,
        amount_minor=amount,
        currency=currency,
        created_at=session.now,
    )
    await post_payout(session, payout_id, doctor_id, amount, currency)
    session.audit("Payout", payout_id)
    session.emit("payout.generated", "Payout", payout_id, payout_id=payout_id, doctor_id=doctor_id)
    return payout_id
