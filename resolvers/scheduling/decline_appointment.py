"""declineAppointment."""

import strawberry

from domain.scheduling.decline_appointment import decline_appointment
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.fields import described
from schema.scheduling.appointment_answers import AppointmentInput, AppointmentPayload


@strawberry.input(description="Which appointment to decline, and why.")
class DeclineAppointmentInput(AppointmentInput):
    reason: str = described("Why; those concerned will read it.")


@strawberry.type(description="What declining answers.")
class DeclineAppointmentPayload(AppointmentPayload):
    pass


async def run(session: Session, input: DeclineAppointmentInput) -> Answer:
    appointment_id = id_in("Appointment", input.appointment_id, "appointmentId")
    return Answer(appointment_id=await decline_appointment(session, appointment_id, input.reason))


@strawberry.type
class DeclineAppointment:
    decline_appointment: DeclineAppointmentPayload | None = mutation(
        run,
        "The clinic does not accept a booking: PENDING to DECLINED. Its seat is free again.",
        guard=requires("appointment:write"),
    )
