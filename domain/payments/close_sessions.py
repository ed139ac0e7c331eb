"""Sessions in which nobody should pay any more: of visits that were called off, or not paid in time."""

from asyncpg import Record

from domain.payments.create_payment_session import close_session
from domain.payments.finish_request import Begin
from domain.payments.lock_payment import LOCK_APPOINTMENT
from domain.session import Session

AT_ONCE = 100

# A visit may be called off and its fee still be due.
LEFT_OPEN = f"""
SELECT s.id, s.payment_id FROM payment_sessions s
JOIN payments p ON p.id = s.payment_id JOIN appointments a ON a.id = p.appointment_id
WHERE s.closed_at IS NULL AND s.expires_at > $1 AND p.kind = 'VISIT' AND p.captured_minor = 0
  AND (NOT a.keeps_seat OR a.awaits_payment AND a.pay_by <= $1)
  AND NOT EXISTS (SELECT FROM gateway_requests r WHERE r.session_id = s.id AND r.kind = 'EXPIRE_SESSION')
ORDER BY s.expires_at LIMIT {AT_ONCE}
"""  # noqa: S608 - a constant of this module
LOCK = "SELECT * FROM payments WHERE id = $1 FOR NO KEY UPDATE"
STILL_OPEN = """
SELECT s.*, made.id AS made_by_id FROM payment_sessions s
JOIN gateway_requests made ON made.session_id = s.id AND made.kind = 'CREATE_SESSION'
WHERE s.id = $1 AND s.closed_at IS NULL
  AND NOT EXISTS (SELECT FROM gateway_requests r WHERE r.session_id = s.id AND r.kind = 'EXPIRE_SESSION')
"""


async def close_sessions(begin: Begin) -> int:
    """Asks the gateways to close what should not be open; returns how many. To be finished like any request.

    Each in a transaction of its own, so that nobody waits for more than one.
    """
    async with begin() as session:
        left: list[Record] = await session.run(LEFT_OPEN, session.now)
    asked = 0
    for row in left:
        async with begin() as session:
            asked += await _close(session, row)
    return asked


async def _close(session: Session, row: Record) -> int:
    (found,) = await session.run("SELECT appointment_id FROM payments WHERE id = $1", row["payment_id"])
    (appointment,) = await session.run(LOCK_APPOINTMENT, found["appointment_id"])
    (payment,) = await session.run(LOCK, row["payment_id"])
    if not (live := await session.run(STILL_OPEN, row["id"])):
        return 0
    await close_session(session, payment, live[0], is_automatic=True)
    session.audit("Payment", payment["id"], patient_id=appointment["patient_id"])
    return 1
