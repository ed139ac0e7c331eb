"""bookAppointment."""

import strawberry

from domain.scheduling.book_appointment import book_appointment
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in_or_none
from schema.directives import requires
from schema.fields import described
from schema.scheduling.appointment_answers import AppointmentPayload


@strawberry.input(description="Which slot or held seat, for whom, and why she comes.")
class BookAppointmentInput:
    slot_id: strawberry.ID | None = described("The slot; or name a hold.", default=None)
    hold_id: strawberry.ID | None = described("The hold whose seat to book.", default=None)
    patient_id: strawberry.ID | None = described("For whom; yourself, if you are a patient.", default=None)
    reason: str | None = described("Why the patient comes, in her words; up to 2,000 characters.", default=None)
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type(description="What booking answers.")
class BookAppointmentPayload(AppointmentPayload):
    pass


async def run(session: Session, input: BookAppointmentInput) -> Answer:
    appointment_id = await book_appointment(
        session,
        slot_id=id_in_or_none("Slot", input.slot_id, "slotId"),
        hold_id=id_in_or_none("Hold", input.hold_id, "holdId"),
        patient_id=id_in_or_none("Patient", input.patient_id, "patientId"),
        reason=input.reason,
    )
    return Answer(appointment_id=appointment_id)


@strawberry.type
class BookAppointment:
    book_appointment: BookAppointmentPayload | None = mutation(
        run,
        "Books a free or held seat. CONFIRMED at once, or PENDING where the clinic asks for its word or for payment "
        "first.",
        guard=requires("appointment:write"),
    )
