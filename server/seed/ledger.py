"""The books of the seeded payments.

A capture of `a` is one transaction of three lines: GATEWAY_CLEARING +a, DOCTOR_PAYABLE -(a - fee), PLATFORM_FEE -fee,
where the fee is 10 %, rounded down. A refund of `r` mirrors it with REFUNDS in the place of the gateway:
REFUNDS -r, DOCTOR_PAYABLE +(r - fee), PLATFORM_FEE +fee. So what the gateway holds is GATEWAY_CLEARING + REFUNDS, what
a doctor is owed is minus her DOCTOR_PAYABLE, and each transaction sums to zero.
"""

from collections.abc import Iterator

from models.enums import LedgerAccount
from server.seed.batch import Batch
from server.seed.history import History
from server.seed.money import Payments, currency


def movements(made: Payments) -> Iterator[tuple[int, int, int]]:
    """(payment, amount, instant) of every transaction: captures are positive, refunds negative."""
    for p in range(len(made)):
        if made.captured[p]:
            yield p, made.captured[p], made.ended_at[p]
        if made.refunded[p]:
            yield p, -made.refunded[p], made.refunded_at[p]


def transactions(made: Payments) -> Batch:
    return Batch(
        "ledger_transactions",
        "id description payment_id occurred_at",
        (
            (number, f"{'Capture' if amount > 0 else 'Refund'} of payment {p + 1}", p + 1, at)
            for number, (p, amount, at) in enumerate(movements(made), 1)
        ),
        sum(1 for _ in movements(made)),
    )


def lines(amount: int, doctor: int) -> Iterator[tuple[LedgerAccount, int | None, int]]:
    """The entries of one movement; none is zero and they sum to zero."""
    fee = amount // 10 if amount > 0 else -(-amount // 10)
    yield LedgerAccount.GATEWAY_CLEARING if amount > 0 else LedgerAccount.REFUNDS, None, amount
    yield LedgerAccount.DOCTOR_PAYABLE, doctor, fee - amount
    if fee:
        yield LedgerAccount.PLATFORM_FEE, None, -fee


def entries(made: Payments, history: History) -> Batch:
    def rows() -> Iterator[tuple[object, ...]]:
        entry = 0
        for number, (p, amount, _) in enumerate(movements(made), 1):
            doctor = history.calendar.doctor[history.made.slot[made.appointment[p]]]
            for account, payee, line in lines(amount, doctor):
                entry += 1
                yield entry, number, account, payee, line, currency(made, history, p)

    expected = sum(2 + (abs(amount) >= 10) for _, amount, _ in movements(made))
    return Batch("ledger_entries", "id transaction_id account doctor_id amount_minor currency", rows(), expected)
