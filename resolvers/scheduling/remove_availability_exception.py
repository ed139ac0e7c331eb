"""removeAvailabilityException."""

import strawberry

from domain.scheduling.remove_availability_exception import remove_availability_exception
from domain.session import Session
from loaders.providers.doctors import DoctorById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.directives import requires
from schema.fields import described, relation
from schema.providers.doctors import Doctor


@strawberry.input(description="Which exception to remove.")
class RemoveAvailabilityExceptionInput:
    id: strawberry.ID = described("The exception.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What removing an exception answers.")
class RemoveAvailabilityExceptionPayload(Payload):
    doctor: Doctor | None = relation(DoctorById, "doctor_id", "Whose day it was.")


async def run(session: Session, input: RemoveAvailabilityExceptionInput) -> Answer:
    exception_id = id_in("AvailabilityException", input.id, "id")
    return Answer(doctor_id=await remove_availability_exception(session, exception_id))


@strawberry.type
class RemoveAvailabilityException:
    remove_availability_exception: RemoveAvailabilityExceptionPayload | None = mutation(
        run, "Removes an exception. Slots follow with `generateSlots`.", guard=requires("slot:write")
    )
