"""markNoShow."""

import strawberry

from domain.scheduling.mark_no_show import mark_no_show
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.scheduling.appointment_answers import AppointmentInput, AppointmentPayload


@strawberry.input(description="Who did not come.")
class MarkNoShowInput(AppointmentInput):
    pass


@strawberry.type(description="What marking a no-show answers.")
class MarkNoShowPayload(AppointmentPayload):
    pass


async def run(session: Session, input: MarkNoShowInput) -> Answer:
    appointment_id = id_in("Appointment", input.appointment_id, "appointmentId")
    return Answer(appointment_id=await mark_no_show(session, appointment_id))


@strawberry.type
class MarkNoShow:
    mark_no_show: MarkNoShowPayload | None = mutation(
        run, "The patient did not come: CONFIRMED to NO_SHOW.", guard=requires("appointment:write")
    )
