"""deactivateClinic."""

import strawberry

from domain.providers.deactivate_clinic import deactivate_clinic
from domain.providers.withdraw_slots import Seated
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY, VERSION
from schema.directives import requires
from schema.fields import described
from schema.providers.affected import AffectedAppointments, affected_appointments
from schema.providers.clinic_answers import ClinicPayload


@strawberry.input(description="Which clinic to close, and what becomes of its appointments.")
class DeactivateClinicInput:
    clinic_id: strawberry.ID = described("The clinic.")
    version: int | None = described(VERSION, default=None)
    dry_run: bool = described("Only say what it would concern, and change nothing.", default=False)
    appointments: Seated = described("What becomes of appointments to come.", default=Seated.REFUSE)
    reason: str | None = described("Why; needed where appointments are cancelled.", default=None)
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What closing a clinic answers.")
class DeactivateClinicPayload(ClinicPayload):
    affected_appointments: AffectedAppointments | None = affected_appointments()


async def run(session: Session, input: DeactivateClinicInput) -> Answer:
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId")
    return Answer(
        await deactivate_clinic(
            session, clinic_id, input.appointments, input.reason, input.version, dry_run=input.dry_run
        )
    )


@strawberry.type
class DeactivateClinic:
    deactivate_clinic: DeactivateClinicPayload | None = mutation(
        run,
        "Closes a clinic: it takes no bookings, and its slots to come are taken back. For administrators.",
        guard=requires("clinic:write"),
    )
