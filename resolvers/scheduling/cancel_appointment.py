"""cancelAppointment."""

import strawberry

from domain.scheduling.cancel_appointment import cancel_appointment
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.fields import described
from schema.scheduling.appointment_answers import AppointmentInput, AppointmentPayload


@strawberry.input(description="Which appointment to cancel, and why.")
class CancelAppointmentInput(AppointmentInput):
    reason: str = described("Why; those concerned will read it.")


@strawberry.type(description="What cancelling answers.")
class CancelAppointmentPayload(AppointmentPayload):
    pass


async def run(session: Session, input: CancelAppointmentInput) -> Answer:
    appointment_id = id_in("Appointment", input.appointment_id, "appointmentId")
    return Answer(appointment_id=await cancel_appointment(session, appointment_id, input.reason))


@strawberry.type
class CancelAppointment:
    cancel_appointment: CancelAppointmentPayload | None = mutation(
        run,
        "Calls a visit off; its seat goes to the first who waits for it. A patient who is late pays what "
        "`cancellationQuote` says.",
        guard=requires("appointment:write"),
    )
