"""checkIn."""

import strawberry

from domain.scheduling.check_in import check_in
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.scheduling.appointment_answers import AppointmentInput, AppointmentPayload


@strawberry.input(description="Who has arrived.")
class CheckInInput(AppointmentInput):
    pass


@strawberry.type(description="What checking in answers.")
class CheckInPayload(AppointmentPayload):
    pass


async def run(session: Session, input: CheckInInput) -> Answer:
    appointment_id = id_in("Appointment", input.appointment_id, "appointmentId")
    return Answer(appointment_id=await check_in(session, appointment_id))


@strawberry.type
class CheckIn:
    check_in: CheckInPayload | None = mutation(
        run, "The patient has arrived: CONFIRMED to CHECKED_IN.", guard=requires("appointment:write")
    )
