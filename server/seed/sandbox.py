"""What the sandbox gateway knows of the seeded payments, so that more can be asked of it: captures, voids, refunds.

Nobody can pay in what was not paid: its session is over, and whoever wants to pay is given another. No webhook is due.
"""

from collections.abc import Iterator

from domain.payments.create_payment_session import NAMES
from domain.payments.payment_references import reference_of
from models.enums import PaymentEventKind as Event
from models.enums import PaymentStatus as Paid
from models.sandbox import SandboxStatus
from server.seed.batch import Batch
from server.seed.history import History
from server.seed.money import KINDS, PAID, Payments, currency, reference, said

STATES = {
    Paid.PENDING: SandboxStatus.EXPIRED,
    Paid.FAILED: SandboxStatus.EXPIRED,
    Paid.AUTHORIZED: SandboxStatus.HELD,
    Paid.VOIDED: SandboxStatus.VOIDED,
}
RETURN_URL = "https://clinicgraph.example/"
LIFE = 60 * 60  # seconds


def sandbox_payments(made: Payments, history: History) -> Batch:
    def rows() -> Iterator[tuple[object, ...]]:
        for p in range(len(made)):
            place = history.clinics[history.calendar.clinic[history.made.slot[made.appointment[p]]] - 1]
            status = STATES.get(PAID[made.status[p]], SandboxStatus.CAPTURED)
            is_manual = any(kind is Event.AUTHORIZED for kind, _, _ in said(made, p))
            yield (reference(p), f"seed/create_session/{p + 1}", reference_of(p + 1), made.amount[p],
                   currency(made, history, p), NAMES[KINDS[made.kind[p]]].format(place.name), is_manual, RETURN_URL,
                   made.asked_at[p] + LIFE, status, made.captured[p], made.refunded[p])  # fmt: skip

    columns = (
        "reference created_key payment amount_minor currency description is_manual return_url expires_at status "
        "captured_minor refunded_minor"
    )
    return Batch("sandbox_payments", columns, rows(), len(made))
