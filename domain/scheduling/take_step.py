"""A step in an appointment's life, with everything that every step has in common."""

from zoneinfo import ZoneInfo

from asyncpg import Record

from domain.patients.care import is_own
from domain.refusal import Conflict, NotFound
from domain.scheduling.reasons import check_reason
from domain.scheduling.record_steps import record_step
from domain.scheduling.seats import lock_as_they_are
from domain.scheduling.steps import Actor, StepName
from domain.scheduling.transitions import Allowed, actors, check_step, visit_of
from domain.session import Session
from models import Appointment

PATIENT_AND_ZONE = """
SELECT p.id, p.guardian_id, p.of_age_at, c.time_zone FROM patients p, clinics c WHERE p.id = $1 AND c.id = $2
"""


async def take_step(
    session: Session, appointment_id: int, step: StepName, reason: str | None = None, **changes: object
) -> Record:
    """Takes a step of the table in `steps`; returns the appointment as it was before.

    Raises NotFound, Conflict, and what `check_step` raises.
    """
    appointment = await lock_appointment(session, appointment_id)
    allowed, _ = await check(session, appointment, step, reason)
    assert allowed.to is not None, "moving an appointment is no step to another status"
    await record_step(session, appointment, allowed.to, reason=reason, **changes)
    return appointment


async def find_appointment(session: Session, appointment_id: int) -> Record:
    """The appointment as it is now, not locked. Raises NotFound."""
    try:
        return await session.find(Appointment, appointment_id)
    except NotFound:
        raise NotFound("there is no such appointment", field="appointmentId") from None


async def lock_appointment(session: Session, appointment_id: int) -> Record:
    """The appointment, locked after its slot. Raises NotFound, and Conflict if it is being moved this moment."""
    found = await find_appointment(session, appointment_id)
    await lock_as_they_are(session, [found["slot_id"]])
    return await lock_in_slot(session, found)


async def lock_in_slot(session: Session, found: Record) -> Record:
    """The appointment that was found in a slot, which is locked meanwhile. Raises Conflict if it is there no more."""
    appointment = await session.lock(Appointment, found["id"])
    if appointment["slot_id"] != found["slot_id"]:
        raise Conflict("this appointment was moved this moment; look at it again", field="appointmentId")
    return appointment


async def check(
    session: Session, appointment: Record, step: StepName, reason: str | None = None
) -> tuple[Allowed, frozenset[Actor]]:
    """What the step leads to, and as what the viewer takes it.

    Raises what `check_step` raises, and Invalid for a reason that is too long.
    """
    check_reason(reason)
    (patient,) = await session.run(PATIENT_AND_ZONE, appointment["patient_id"], appointment["clinic_id"])
    who = actors(
        session.viewer,
        is_own=is_own(session, patient),
        doctor_id=appointment["doctor_id"],
        clinic_id=appointment["clinic_id"],
    )
    visit = visit_of(appointment, ZoneInfo(patient["time_zone"]))
    return check_step(step, visit, who, session.now, reason), who
