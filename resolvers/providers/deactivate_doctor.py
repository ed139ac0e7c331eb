"""deactivateDoctor."""

import strawberry

from domain.providers.deactivate_doctor import deactivate_doctor
from domain.providers.withdraw_slots import Seated
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY, VERSION
from schema.directives import requires
from schema.fields import described
from schema.providers.affected import AffectedAppointments, affected_appointments
from schema.providers.doctor_answers import DoctorPayload


@strawberry.input(description="Which doctor offers no more slots, and what becomes of her appointments.")
class DeactivateDoctorInput:
    doctor_id: strawberry.ID = described("The doctor.")
    version: int | None = described(VERSION, default=None)
    dry_run: bool = described("Only say what it would concern, and change nothing.", default=False)
    appointments: Seated = described("What becomes of appointments to come.", default=Seated.REFUSE)
    reason: str | None = described("Why; needed where appointments are cancelled.", default=None)
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What deactivating answers.")
class DeactivateDoctorPayload(DoctorPayload):
    affected_appointments: AffectedAppointments | None = affected_appointments()


async def run(session: Session, input: DeactivateDoctorInput) -> Answer:
    doctor_id = id_in("Doctor", input.doctor_id, "doctorId")
    return Answer(
        await deactivate_doctor(
            session, doctor_id, input.appointments, input.reason, input.version, dry_run=input.dry_run
        )
    )


@strawberry.type
class DeactivateDoctor:
    deactivate_doctor: DeactivateDoctorPayload | None = mutation(
        run,
        "A doctor offers no more slots, and those to come are taken back. For administrators.",
        guard=requires("provider:write"),
    )
