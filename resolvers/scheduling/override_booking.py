"""overrideBooking."""

import strawberry

from domain.scheduling.override_booking import override_booking
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in, id_in_or_none
from schema.directives import requires
from schema.fields import described
from schema.scheduling.appointment_answers import AppointmentPayload


@strawberry.input(description="Which slot, for which patient or appointment, and why past the rules.")
class OverrideBookingInput:
    slot_id: strawberry.ID = described("The slot.")
    patient_id: strawberry.ID | None = described("Book it for this patient; or name an appointment.", default=None)
    appointment_id: strawberry.ID | None = described("Move this appointment there.", default=None)
    reason: str = described("Why the rules do not count this time; it is written down.")
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type(description="What overriding answers.")
class OverrideBookingPayload(AppointmentPayload):
    pass


async def run(session: Session, input: OverrideBookingInput) -> Answer:
    appointment_id = await override_booking(
        session,
        slot_id=id_in("Slot", input.slot_id, "slotId"),
        patient_id=id_in_or_none("Patient", input.patient_id, "patientId"),
        appointment_id=id_in_or_none("Appointment", input.appointment_id, "appointmentId"),
        reason=input.reason,
    )
    return Answer(appointment_id=appointment_id)


@strawberry.type
class OverrideBooking:
    override_booking: OverrideBookingPayload | None = mutation(
        run,
        "Books or moves past the policies: notice, limits on moving, the doctor's daily limit. Never past a full slot, "
        "a doctor's or a patient's other appointment at that time. For who has signed in within the last 15 "
        "minutes, as with refundPayment.",
        guard=requires("appointment:override"),
    )
