"""confirmAppointment."""

import strawberry

from domain.scheduling.confirm_appointment import confirm_appointment
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.scheduling.appointment_answers import AppointmentInput, AppointmentPayload


@strawberry.input(description="Which appointment to confirm.")
class ConfirmAppointmentInput(AppointmentInput):
    pass


@strawberry.type(description="What confirming answers.")
class ConfirmAppointmentPayload(AppointmentPayload):
    pass


async def run(session: Session, input: ConfirmAppointmentInput) -> Answer:
    appointment_id = id_in("Appointment", input.appointment_id, "appointmentId")
    return Answer(appointment_id=await confirm_appointment(session, appointment_id))


@strawberry.type
class ConfirmAppointment:
    confirm_appointment: ConfirmAppointmentPayload | None = mutation(
        run, "The clinic accepts a booking: PENDING to CONFIRMED.", guard=requires("appointment:write")
    )
