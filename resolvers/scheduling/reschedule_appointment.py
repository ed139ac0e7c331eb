"""rescheduleAppointment."""

import strawberry

from domain.scheduling.reschedule_appointment import reschedule_appointment
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in, id_in_or_none
from schema.directives import requires
from schema.fields import described
from schema.scheduling.appointment_answers import AppointmentInput, AppointmentPayload


@strawberry.input(description="Which appointment to move, and to which slot or held seat.")
class RescheduleAppointmentInput(AppointmentInput):
    slot_id: strawberry.ID | None = described("The slot; or name a hold.", default=None)
    hold_id: strawberry.ID | None = described("The hold whose seat to take.", default=None)
    reason: str | None = described("Why; those concerned can read it.", default=None)


@strawberry.type(description="What moving an appointment answers.")
class RescheduleAppointmentPayload(AppointmentPayload):
    pass


async def run(session: Session, input: RescheduleAppointmentInput) -> Answer:
    appointment_id = await reschedule_appointment(
        session,
        id_in("Appointment", input.appointment_id, "appointmentId"),
        slot_id=id_in_or_none("Slot", input.slot_id, "slotId"),
        hold_id=id_in_or_none("Hold", input.hold_id, "holdId"),
        reason=input.reason,
    )
    return Answer(appointment_id=appointment_id)


@strawberry.type
class RescheduleAppointment:
    reschedule_appointment: RescheduleAppointmentPayload | None = mutation(
        run,
        "Moves an appointment: it keeps its id, gives up its seat and takes the new one, or nothing changes.",
        guard=requires("appointment:write"),
    )
