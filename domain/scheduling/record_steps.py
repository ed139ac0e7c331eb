"""The life of an appointment, written down: its status, its timeline, its event."""

from asyncpg import Record

from domain.payments.balance_payment import return_money
from domain.scheduling.rows import Row
from domain.session import Session
from models import Appointment, AppointmentStep
from models.enums import FREES_SEAT, AppointmentStatus

LAPSE = """
WITH lapsed AS (
  UPDATE appointments SET status = 'CANCELLED', cancelled_at = $1, cancel_reason = $3, version = version + 1,
         updated_at = $1
  WHERE id = ANY (
    SELECT id FROM appointments WHERE slot_id = ANY ($2) AND awaits_payment AND pay_by <= $1
    ORDER BY id FOR NO KEY UPDATE
  ) RETURNING id, slot_id, doctor_id, clinic_id, patient_id
), steps AS (
  INSERT INTO appointment_timeline (appointment_id, from_status, to_status, reason, happened_at)
  SELECT id, 'PENDING', 'CANCELLED', $3, $1 FROM lapsed
)
SELECT id, slot_id, doctor_id, clinic_id, patient_id FROM lapsed ORDER BY id
"""
UNPAID = "not paid in time"


async def lapse(session: Session, slot_ids: list[int]) -> list[int]:
    """Cancels the bookings of locked slots that were not paid in time; the slot of each."""
    lapsed = await session.run(LAPSE, session.now, slot_ids, UNPAID)
    for row in lapsed:
        session.audit("Appointment", row["id"], patient_id=row["patient_id"], reason=UNPAID, action="lapse")
        announce(session, "appointment.cancelled", row, status="CANCELLED")
    return [row["slot_id"] for row in lapsed]


async def record_step(
    session: Session,
    appointment: Record,
    to: AppointmentStatus,
    *,
    reason: str | None = None,
    **changes: object,
) -> None:
    """Changes a locked appointment's status, with its timeline, audit and event.

    Called off, what was paid for it and is not kept goes back by itself.
    """
    await session.update(Appointment, appointment["id"], status=to, **changes)
    await session.insert(
        AppointmentStep,
        appointment_id=appointment["id"],
        from_status=appointment["status"],
        to_status=to,
        actor_id=session.viewer.user_id,
        client_id=session.viewer.client_id,
        reason=reason,
        happened_at=session.now,
    )
    session.audit("Appointment", appointment["id"], patient_id=appointment["patient_id"], reason=reason)
    name = "appointment.cancelled" if to is AppointmentStatus.CANCELLED else "appointment.status_changed"
    announce(session, name, appointment, status=to, before=appointment["status"])
    if to in FREES_SEAT:
        await return_money(session, appointment)


def announce(session: Session, name: str, appointment: Row, **more: object) -> None:
    """An appointment's event: it says whose, and in which slot, whose seats may have changed with it."""
    whose = {column: appointment[column] for column in ("slot_id", "doctor_id", "clinic_id", "patient_id")}
    session.emit(name, "Appointment", appointment["id"], **whose, **more)
