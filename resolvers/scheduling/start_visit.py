"""startVisit."""

import strawberry

from domain.scheduling.start_visit import start_visit
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.scheduling.appointment_answers import AppointmentInput, AppointmentPayload


@strawberry.input(description="Which visit begins.")
class StartVisitInput(AppointmentInput):
    pass


@strawberry.type(description="What starting a visit answers.")
class StartVisitPayload(AppointmentPayload):
    pass


async def run(session: Session, input: StartVisitInput) -> Answer:
    appointment_id = id_in("Appointment", input.appointment_id, "appointmentId")
    return Answer(appointment_id=await start_visit(session, appointment_id))


@strawberry.type
class StartVisit:
    start_visit: StartVisitPayload | None = mutation(
        run, "The visit begins: CHECKED_IN to IN_PROGRESS.", guard=requires("appointment:write")
    )
