"""Another time: the same appointment, its old seat freed and a new one taken, or nothing changed."""

from asyncpg import Record

from domain.payments.balance_payment import move_earnings
from domain.refusal import Invalid
from domain.scheduling.book_appointment import check_not_elsewhere, claim_seat
from domain.scheduling.holds import find_hold
from domain.scheduling.offer_seat import offer_freed, offer_seat
from domain.scheduling.policies import policy_of
from domain.scheduling.policy import Beginning, beginning, may_book, may_reschedule, moved
from domain.scheduling.record_steps import announce
from domain.scheduling.seats import LockedSlot, check_offered, lock_slot_for
from domain.scheduling.seekers import check_may_seat, lock_seated
from domain.scheduling.steps import StepName
from domain.scheduling.take_step import check, find_appointment, lock_in_slot
from domain.session import Session
from models import Appointment, AppointmentStep
from models.enums import AppointmentStatus

IS_PAID = """
SELECT EXISTS (SELECT FROM payments WHERE appointment_id = $1 AND kind = 'VISIT' AND captured_minor > refunded_minor)
       AS is_paid
"""


async def reschedule_appointment(
    session: Session,
    appointment_id: int,
    *,
    slot_id: int | None,
    hold_id: int | None,
    reason: str | None = None,
    override_reason: str | None = None,
) -> int:
    """Moves an appointment to a slot, or to the seat of a hold. Its own time does not stand in its way.

    With a reason to override, neither notices nor limits count. Raises what moving is refused for.
    """
    if (slot_id is None) == (hold_id is None):
        raise Invalid({"slotId": "name a slot or a hold, and not both"})
    found = await find_appointment(session, appointment_id)
    hold = None if hold_id is None else await find_hold(session, hold_id, found["patient_id"])
    wanted = slot_id if hold is None else hold["slot_id"]
    assert wanted is not None
    if wanted == found["slot_id"]:
        raise Invalid({"slotId": "the appointment is in this slot already"})
    patient = await lock_seated(session, found["patient_id"])
    slot = await lock_slot_for(session, wanted, found["patient_id"], found["slot_id"])
    appointment = await lock_in_slot(session, found)
    await check(session, appointment, StepName.RESCHEDULE, reason)
    slot = check_offered(session, slot, wanted)
    by_clinic = check_may_seat(session, patient, slot.doctor_id, slot.clinic_id)
    if not by_clinic and override_reason is None:
        await _check_policies(session, appointment, slot)
    check_not_elsewhere(slot, appointment_id)
    await claim_seat(session, appointment["patient_id"], slot, hold_id)
    await _move(session, appointment, slot, reason, by_clinic=by_clinic, override_reason=override_reason)
    if slot.doctor_id != appointment["doctor_id"]:
        await move_earnings(session, appointment, slot.doctor_id)
    await offer_seat(session, appointment["slot_id"], given_up_by=appointment["patient_id"])
    await offer_freed(session, slot, besides=appointment["patient_id"])
    return appointment_id


async def _check_policies(session: Session, appointment: Record, slot: LockedSlot) -> None:
    policy, _ = await policy_of(session, appointment)
    times, start = appointment["reschedule_count"], appointment["starts_at"]
    refusal = may_reschedule(policy, start=start, now=session.now, times=times)
    refusal = refusal or may_book(slot.policy, start=slot.starts_at, now=session.now)
    if refusal is not None:
        raise refusal


async def _after(session: Session, appointment: Record, slot: LockedSlot, *, by_clinic: bool) -> Beginning:
    """What it is in its new slot: at another clinic, which asks for payment first, an unpaid one begins anew."""
    status, start = AppointmentStatus(appointment["status"]), slot.starts_at
    after = moved(slot.policy, status, appointment["pay_by"], start=start, by_clinic=by_clinic)
    if after.pay_by is not None or appointment["clinic_id"] == slot.clinic_id:
        return after
    (payment,) = await session.run(IS_PAID, appointment["id"])
    if payment["is_paid"]:
        return after
    anew = beginning(slot.policy, start=start, now=session.now, price_minor=slot.fee_minor, by_clinic=by_clinic)
    return after if anew.pay_by is None else anew


async def _move(
    session: Session,
    appointment: Record,
    slot: LockedSlot,
    reason: str | None,
    *,
    by_clinic: bool,
    override_reason: str | None,
) -> None:
    before, after = appointment["status"], await _after(session, appointment, slot, by_clinic=by_clinic)
    same_day = all(appointment[name] == getattr(slot, name) for name in ("doctor_id", "local_day"))
    same_clinic = appointment["clinic_id"] == slot.clinic_id
    await session.update(
        Appointment,
        appointment["id"],
        slot_id=slot.id,
        status=after.status,
        pay_by=after.pay_by,
        reschedule_count=appointment["reschedule_count"] + 1,
        policy_id=appointment["policy_id"] if same_clinic else slot.policy_id,
        is_override=override_reason is not None or (same_day and appointment["is_override"]),
    )
    await session.insert(
        AppointmentStep,
        appointment_id=appointment["id"],
        from_status=before,
        to_status=after.status,
        from_slot_id=appointment["slot_id"],
        to_slot_id=slot.id,
        actor_id=session.viewer.user_id,
        client_id=session.viewer.client_id,
        reason=override_reason or reason,
        happened_at=session.now,
    )
    session.audit(
        "Appointment", appointment["id"], patient_id=appointment["patient_id"], reason=override_reason or reason
    )
    here = {"id": appointment["id"], "patient_id": appointment["patient_id"]}
    there = {"slot_id": slot.id, "doctor_id": slot.doctor_id, "clinic_id": slot.clinic_id}
    left = {f"from_{name}": appointment[name] for name in there}
    announce(session, "appointment.status_changed", {**here, **there}, status=after.status, before=before, **left)
