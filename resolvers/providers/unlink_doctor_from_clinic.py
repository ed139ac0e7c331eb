"""unlinkDoctorFromClinic."""

import strawberry

from domain.providers.unlink_doctor_from_clinic import unlink_doctor_from_clinic
from domain.providers.withdraw_slots import Seated
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY
from schema.directives import requires
from schema.fields import described
from schema.providers.affected import AffectedAppointments, affected_appointments
from schema.providers.doctor_answers import DoctorPayload


@strawberry.input(description="Which doctor leaves which clinic, and what becomes of her appointments there.")
class UnlinkDoctorFromClinicInput:
    doctor_id: strawberry.ID = described("The doctor.")
    clinic_id: strawberry.ID = described("The clinic.")
    dry_run: bool = described("Only say what it would concern, and change nothing.", default=False)
    appointments: Seated = described("What becomes of appointments to come.", default=Seated.REFUSE)
    reason: str | None = described("Why; needed where appointments are cancelled.", default=None)
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What unlinking answers.")
class UnlinkDoctorFromClinicPayload(DoctorPayload):
    affected_appointments: AffectedAppointments | None = affected_appointments()


async def run(session: Session, input: UnlinkDoctorFromClinicInput) -> Answer:
    doctor_id, clinic_id = id_in("Doctor", input.doctor_id, "doctorId"), id_in("Clinic", input.clinic_id, "clinicId")
    return Answer(
        await unlink_doctor_from_clinic(
            session, doctor_id, clinic_id, input.appointments, input.reason, dry_run=input.dry_run
        )
    )


@strawberry.type
class UnlinkDoctorFromClinic:
    unlink_doctor_from_clinic: UnlinkDoctorFromClinicPayload | None = mutation(
        run,
        "A doctor works at a clinic no more, and her slots to come there are taken back. For its managers.",
        guard=requires("provider:write"),
    )
