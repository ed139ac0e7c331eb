"""A payment for a change: locked after its appointment."""

from asyncpg import Record

from auth.viewer import Viewer
from domain.refusal import Forbidden, NotFound
from domain.session import Session
from models import Payment

LOCK_APPOINTMENT = "SELECT * FROM appointments WHERE id = $1 FOR NO KEY UPDATE"


async def find_payment(session: Session, payment_id: int) -> Record:
    """The payment as it is now, not locked. Raises NotFound."""
    try:
        return await session.find(Payment, payment_id)
    except NotFound:
        raise NotFound("there is no such payment", field="paymentId") from None


async def lock_payment(session: Session, payment_id: int) -> tuple[Record, Record]:
    """The payment and its appointment, both locked. Raises NotFound."""
    found = await find_payment(session, payment_id)
    (appointment,) = await session.run(LOCK_APPOINTMENT, found["appointment_id"])
    return await session.lock(Payment, payment_id), appointment


def check_by_clinic(viewer: Viewer, appointment: Record) -> None:
    """Taking held money and giving money back is for the clinic's own people and administrators. Raises Forbidden."""
    if appointment["clinic_id"] not in viewer.clinic_ids and not viewer.sight.everything:
        raise Forbidden("this is for the people of the clinic that was paid")
