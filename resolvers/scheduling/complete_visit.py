"""completeVisit."""

import strawberry

from domain.scheduling.complete_visit import complete_visit
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.fields import described
from schema.scheduling.appointment_answers import AppointmentInput, AppointmentPayload


@strawberry.input(description="Which visit is over, and what was noted.")
class CompleteVisitInput(AppointmentInput):
    notes: str | None = described("What the doctor noted; hers to write.", default=None)


@strawberry.type(description="What completing a visit answers.")
class CompleteVisitPayload(AppointmentPayload):
    pass


async def run(session: Session, input: CompleteVisitInput) -> Answer:
    appointment_id = id_in("Appointment", input.appointment_id, "appointmentId")
    return Answer(appointment_id=await complete_visit(session, appointment_id, input.notes))


@strawberry.type
class CompleteVisit:
    complete_visit: CompleteVisitPayload | None = mutation(
        run, "The visit has taken place: IN_PROGRESS to COMPLETED.", guard=requires("appointment:write")
    )
