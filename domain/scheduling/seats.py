"""Seats of slots: locked, freed of what has expired, and counted.

Everything that takes or frees a seat locks its slot first, so a slot's seats change one writer after the other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Self

from asyncpg import Record

from domain.refusal import NotFound
from domain.scheduling.policy import Policy
from domain.scheduling.record_steps import lapse
from domain.scheduling.refusals import SlotInPast, SlotUnavailable
from domain.session import Session

SLOT = """
SELECT {more} s.id, s.doctor_id, s.clinic_id, s.starts_at, s.ends_at, s.local_day, s.held_count, s.unpaid_count,
       s.capacity - s.booked_count - s.held_count AS free_seats, s.is_active AND d.status = 'APPROVED' AND c.is_active
       AND (d.licence_expires_on IS NULL OR s.local_day < d.licence_expires_on) AS is_offered,
       d.consultation_fee_minor AS fee_minor, p.id AS policy_id,
       p.confirmation, p.notice_to_book, p.notice_to_cancel, p.notice_to_reschedule, p.max_reschedules,
       p.late_fee_minor, p.no_show_fee_minor, p.payment_window, p.hold_time, p.offer_time
FROM slots s JOIN doctors d ON d.id = s.doctor_id JOIN clinics c ON c.id = s.clinic_id
LEFT JOIN LATERAL (SELECT * FROM clinic_policies WHERE clinic_id = c.id ORDER BY version DESC LIMIT 1) p ON TRUE
"""
READ = f"{SLOT.format(more='')} WHERE s.id = $1"
LOCK = """
SELECT id, doctor_id, clinic_id, booked_count, unpaid_count, held_count FROM slots
WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
MEANWHILE = """ARRAY(
  SELECT ARRAY[a.id, a.slot_id] FROM appointments a
  WHERE a.patient_id = $3 AND a.keeps_seat AND a.starts_at < s.ends_at AND a.ends_at > s.starts_at
    AND NOT (a.awaits_payment AND a.pay_by <= $2)) AS meanwhile, nextval('appointments_id_seq') AS next_appointment_id,
"""
LOCK_WANTED = f"""
{SLOT.format(more=MEANWHILE)} WHERE s.id = ANY ($1::bigint[] || ARRAY(
  SELECT slot_id FROM appointments WHERE awaits_payment AND pay_by <= $2 AND patient_id = $3
) || ARRAY(
  SELECT a.slot_id FROM appointments a JOIN slots w ON (w.doctor_id, w.local_day) = (a.doctor_id, a.local_day)
  WHERE a.awaits_payment AND a.pay_by <= $2 AND w.id = $4))
ORDER BY s.id FOR NO KEY UPDATE OF s
"""  # noqa: S608 - a constant of this module
LOCK_DAYS = """
SELECT FROM doctor_days WHERE (doctor_id, day) IN (SELECT doctor_id, local_day FROM slots WHERE id = ANY ($1))
ORDER BY doctor_id, day FOR NO KEY UPDATE
"""
RELEASE_HOLDS = """
UPDATE holds SET released_at = $1 WHERE slot_id = ANY ($2) AND released_at IS NULL AND expires_at <= $1
RETURNING slot_id
"""


@dataclass(frozen=True, slots=True)
class LockedSlot:
    """A slot that nobody else changes before this transaction ends. `free_seats` counts nothing that was let go of.

    It `is_offered` if it is active, of an approved doctor with a licence on that day, at an open clinic. The policy is
    the one in force at the clinic (without one, `policy_id` None, all is allowed and nothing costs); the fee is the
    doctor's. `freed` are the slots in which something had run out and was let go of, when this one was locked.
    `meanwhile` are the appointments, each with its slot, that the patient for whom it was locked has at its time;
    `next_appointment_id` is for a new one of hers.
    """

    id: int
    doctor_id: int
    clinic_id: int
    starts_at: datetime
    ends_at: datetime
    local_day: date
    held_count: int
    free_seats: int
    is_offered: bool
    fee_minor: int
    policy_id: int | None
    policy: Policy
    freed: tuple[int, ...] = ()
    meanwhile: Sequence[tuple[int, int]] = ()
    next_appointment_id: int | None = None

    @classmethod
    def of(cls, row: Record) -> Self:
        """A row of `SLOT`."""
        plain = {name: row[name] for name in PLAIN}
        policy = Policy() if row["policy_id"] is None else Policy.of(row)
        more = {name: row[name] for name in FOR_A_PATIENT} if "meanwhile" in row else {}
        return cls(**plain, **more, policy=policy)


FOR_A_PATIENT = ("meanwhile", "next_appointment_id")
PLAIN = tuple(field.name for field in fields(LockedSlot) if field.name not in ("policy", "freed", *FOR_A_PATIENT))


async def lock_as_they_are(session: Session, slot_ids: Iterable[int]) -> list[Record]:
    """Locks slots in the order of their ids. What has expired in them stays, for who sweeps or wants its seat."""
    return await session.run(LOCK, list(set(slot_ids)))


async def lock_slots(session: Session, slot_ids: Iterable[int]) -> list[Record]:
    """Locks slots in the order of their ids, and frees their seats of what has expired."""
    locked = await lock_as_they_are(session, slot_ids)
    await _let_go(session, locked)
    return locked


async def lock_slot_for(session: Session, slot_id: int, patient_id: int, *others: int) -> LockedSlot | None:
    """Locks a slot that a (locked) patient wants a seat in; None if there is no such slot.

    What has expired in it is let go of, and so is what has lapsed unpaid elsewhere and would be in the patient's way
    or in the doctor's count of the day. `others` are slots that the same transaction changes: all are locked in order,
    and then the days that they are counted on.
    """
    locked = await session.run(LOCK_WANTED, [slot_id, *others], session.now, patient_id, slot_id)
    if len(locked) > 1:
        await session.run(LOCK_DAYS, [row["id"] for row in locked])  # two who swap days would wait for each other
    wanted = next((LockedSlot.of(row) for row in locked if row["id"] == slot_id), None)
    freed = await _let_go(session, locked)
    if wanted is None or not freed:
        return wanted
    return replace(wanted, free_seats=wanted.free_seats + freed[slot_id], freed=tuple(sorted(freed)))


async def _let_go(session: Session, locked: Iterable[Record]) -> Counter[int]:
    """Releases the holds and cancels the unpaid bookings of locked slots whose time is over; seats freed, by slot."""
    freed: Counter[int] = Counter()
    if with_holds := [slot["id"] for slot in locked if slot["held_count"]]:
        freed.update(row["slot_id"] for row in await session.run(RELEASE_HOLDS, session.now, with_holds))
    if with_unpaid := [slot["id"] for slot in locked if slot["unpaid_count"]]:
        freed.update(await lapse(session, with_unpaid))
    return freed


async def read_slot(session: Session, slot_id: int) -> LockedSlot:
    """A slot that this transaction has locked."""
    (row,) = await session.run(READ, slot_id)
    return LockedSlot.of(row)


def check_offered(session: Session, slot: LockedSlot | None, slot_id: int, field: str = "slotId") -> LockedSlot:
    """Raises NotFound, SlotInPast or SlotUnavailable for a slot that nobody can book now; `field` named it."""
    if slot is None:
        raise NotFound("there is no such slot", field=field)
    if slot.starts_at <= session.now:
        raise SlotInPast(field=field, slot_id=slot_id)
    if not slot.is_offered:
        raise SlotUnavailable("this slot is not offered any more", field=field, slot_id=slot_id)
    return slot


def announce_seats(session: Session, slot: Record | LockedSlot, expires_at: datetime | None = None) -> None:
    """Tells that a slot's free seats have changed, or will at `expires_at` without anybody doing anything."""
    if isinstance(slot, LockedSlot):
        slot_id, doctor_id, clinic_id = slot.id, slot.doctor_id, slot.clinic_id
    else:
        slot_id, doctor_id, clinic_id = slot["id"], slot["doctor_id"], slot["clinic_id"]
    until = None if expires_at is None else expires_at.isoformat()
    session.emit(
        "slot.changed", "Slot", slot_id, slot_id=slot_id, doctor_id=doctor_id, clinic_id=clinic_id, expires_at=until
    )
