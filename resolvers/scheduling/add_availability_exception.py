"""addAvailabilityException."""

from datetime import date, time

import strawberry

from domain.scheduling.add_availability_exception import add_availability_exception
from domain.session import Session
from loaders.scheduling.availability import AvailabilityExceptionById
from models.enums import AvailabilityExceptionKind
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in, id_in_or_none
from schema.directives import requires
from schema.fields import described, relation
from schema.scheduling.availability import AvailabilityException


@strawberry.input(description="A day on which the weekly hours do not hold; extra hours need clinic, times and length.")
class AddAvailabilityExceptionInput:
    doctor_id: strawberry.ID = described("Whose day.")
    clinic_id: strawberry.ID | None = described("Where; null is all of her clinics.", default=None)
    kind: AvailabilityExceptionKind = described("Leave and holidays take away, extra hours add.")
    day: date = described("The day, as the clinic counts it.")
    starts_at: time | None = described("From; null is the whole day.", default=None)
    ends_at: time | None = described("To; null is the whole day.", default=None)
    slot_minutes: int | None = described("How long each slot of extra hours lasts, 5 to 480.", default=None)
    reason: str | None = described("Why, at most 2,000 characters.", default=None)
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What adding an exception answers.")
class AddAvailabilityExceptionPayload(Payload):
    availability_exception: AvailabilityException | None = relation(
        AvailabilityExceptionById, "exception_id", "The exception."
    )


async def run(session: Session, input: AddAvailabilityExceptionInput) -> Answer:
    exception_id = await add_availability_exception(
        session,
        doctor_id=id_in("Doctor", input.doctor_id, "doctorId"),
        clinic_id=id_in_or_none("Clinic", input.clinic_id, "clinicId"),
        kind=input.kind,
        day=input.day,
        starts_at=input.starts_at,
        ends_at=input.ends_at,
        slot_minutes=input.slot_minutes,
        reason=input.reason,
    )
    return Answer(exception_id=exception_id)


@strawberry.type
class AddAvailabilityException:
    add_availability_exception: AddAvailabilityExceptionPayload | None = mutation(
        run,
        "Adds leave, a holiday or extra hours to a doctor's calendar. Slots follow with `generateSlots`; what is "
        "booked then stays booked.",
        guard=requires("slot:write"),
    )
