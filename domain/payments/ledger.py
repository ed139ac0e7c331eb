"""The books: double entries, where a debit is positive and a credit negative.

They are kept on a cash basis, from the first money that moves. What an account holds of one payment follows from the
payment's state alone, so a transaction is the difference between what the accounts should hold and what they hold:

- GATEWAY_CLEARING: all that was captured; payouts take it out again;
- REFUNDS: all that went back, as a credit;
- DOCTOR_PAYABLE and PLATFORM_FEE: what is earned, shared between the doctor and the platform;
- PATIENT_RECEIVABLE: as a credit, what the patient is owed back and has not got yet.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NewType

from domain.session import Session
from models.enums import LedgerAccount

PLATFORM_FEE_PERCENT = 10
"""Of what is earned, rounded down to whole minor units; the books of demo data know the same."""

Book = tuple[LedgerAccount, int | None]
"""An account, and whose it is where it is a doctor's."""
Books = NewType("Books", dict[Book, int])

HELD = """
SELECT e.account, e.doctor_id, sum(e.amount_minor)::bigint AS amount
FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
WHERE t.payment_id = $1 AND e.currency = $2 GROUP BY e.account, e.doctor_id
"""
POST = """
WITH made AS (
  INSERT INTO ledger_transactions (description, payment_id, payout_id, occurred_at) VALUES ($1, $2, $3, $4) RETURNING id
)
INSERT INTO ledger_entries (transaction_id, account, doctor_id, amount_minor, currency)
SELECT made.id, line.account, line.doctor_id, line.amount, $5
FROM made, unnest($6::text[], $7::bigint[], $8::bigint[]) AS line (account, doctor_id, amount)
"""


def books_of_payment(doctor_id: int, *, captured: int, refunded: int, earnable: int) -> Books:
    """What the accounts hold of a payment of which at most `earnable` may be kept. They sum to zero."""
    earned = min(captured - refunded, earnable)
    fee = earned * PLATFORM_FEE_PERCENT // 100
    return Books(
        {
            (LedgerAccount.GATEWAY_CLEARING, None): captured,
            (LedgerAccount.REFUNDS, None): -refunded,
            (LedgerAccount.PATIENT_RECEIVABLE, None): earned - (captured - refunded),
            (LedgerAccount.PLATFORM_FEE, None): -fee,
            (LedgerAccount.DOCTOR_PAYABLE, doctor_id): fee - earned,
        }
    )


async def post_payment(session: Session, payment_id: int, currency: str, books: Books, description: str) -> None:
    """Writes what must move for the accounts of a locked payment to hold what they should; nothing if they do."""
    held = {
        (LedgerAccount(row["account"]), row["doctor_id"]): row["amount"]
        for row in await session.run(HELD, payment_id, currency)
    }
    moves = {book: books.get(book, 0) - held.get(book, 0) for book in {**books, **held}}
    await _post(session, description, moves, currency, session.now, payment_id=payment_id)


async def post_payout(session: Session, payout_id: int, doctor_id: int, amount: int, currency: str) -> None:
    """A doctor is paid what she is owed, out of what the gateways hold."""
    moves: dict[Book, int] = {
        (LedgerAccount.DOCTOR_PAYABLE, doctor_id): amount,
        (LedgerAccount.GATEWAY_CLEARING, None): -amount,
    }
    await _post(session, f"Payout {payout_id}", moves, currency, session.now, payout_id=payout_id)


async def _post(
    session: Session,
    description: str,
    moves: Mapping[Book, int],
    currency: str,
    at: datetime,
    *,
    payment_id: int | None = None,
    payout_id: int | None = None,
) -> None:
    lines = [(account, doctor_id, amount) for (account, doctor_id), amount in moves.items() if amount]
    if lines:
        accounts, doctors, amounts = map(list, zip(*lines, strict=True))
        await session.run(POST, description, payment_id, payout_id, at, currency, accounts, doctors, amounts)
