"""joinWaitlist."""

from datetime import datetime

import strawberry

from domain.scheduling.join_waitlist import join_waitlist
from domain.session import Session
from loaders.scheduling.waitlist import WaitlistEntryById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in, id_in_or_none
from schema.directives import requires
from schema.fields import described, relation
from schema.scheduling.waitlist import WaitlistEntry


@strawberry.input(description="A time in which the patient could come.")
class WindowInput:
    start: datetime = described("From.")
    end: datetime = described("To.")


@strawberry.input(
    description="What the patient waits for. At least doctors, clinics or a specialty; 20 of each at most."
)
class JoinWaitlistInput:
    patient_id: strawberry.ID | None = described("Who waits; yourself, if you are a patient.", default=None)
    appointment_id: strawberry.ID | None = described(
        "What she would give up; then only an earlier time suits her.", default=None
    )
    doctor_ids: list[strawberry.ID] = described("With whom; empty: anybody.", default_factory=list)
    clinic_ids: list[strawberry.ID] = described("Where; empty: anywhere.", default_factory=list)
    specialty: str | None = described("Of which specialty.", default=None)
    windows: list[WindowInput] = described("When; empty: any time.", default_factory=list)
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type(description="What joining the waitlist answers.")
class JoinWaitlistPayload(Payload):
    waitlist_entry: WaitlistEntry | None = relation(WaitlistEntryById, "entry_id", "Her place in line.")


async def run(session: Session, input: JoinWaitlistInput) -> Answer:
    entry_id = await join_waitlist(
        session,
        patient_id=id_in_or_none("Patient", input.patient_id, "patientId"),
        appointment_id=id_in_or_none("Appointment", input.appointment_id, "appointmentId"),
        doctor_ids=[id_in("Doctor", each, "doctorIds") for each in input.doctor_ids],
        clinic_ids=[id_in("Clinic", each, "clinicIds") for each in input.clinic_ids],
        specialty=input.specialty,
        windows=[(window.start, window.end) for window in input.windows],
    )
    return Answer(entry_id=entry_id)


@strawberry.type
class JoinWaitlist:
    join_waitlist: JoinWaitlistPayload | None = mutation(
        run,
        "Waits for a seat. One that is freed and suits her is held for the first in line, who is told and has a "
        "deadline.",
        guard=requires("appointment:write"),
    )
