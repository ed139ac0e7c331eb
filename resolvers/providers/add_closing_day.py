"""addClosingDay."""

from datetime import date

import strawberry

from domain.providers.add_closing_day import add_closing_day
from domain.providers.withdraw_slots import Seated
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY
from schema.directives import requires
from schema.fields import described
from schema.providers.affected import AffectedAppointments, affected_appointments
from schema.providers.clinic_answers import ClinicPayload


@strawberry.input(description="On which day a clinic is closed.")
class AddClosingDayInput:
    clinic_id: strawberry.ID = described("The clinic.")
    day: date = described("A day from the clinic's today on.")
    reason: str | None = described("Why, for patients to read; needed where appointments are cancelled.", default=None)
    dry_run: bool = described("Only say what it would concern, and change nothing.", default=False)
    appointments: Seated = described("What becomes of appointments to come.", default=Seated.REFUSE)
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What closing for a day answers.")
class AddClosingDayPayload(ClinicPayload):
    affected_appointments: AffectedAppointments | None = affected_appointments()


async def run(session: Session, input: AddClosingDayInput) -> Answer:
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId")
    return Answer(
        await add_closing_day(session, clinic_id, input.day, input.appointments, input.reason, dry_run=input.dry_run)
    )


@strawberry.type
class AddClosingDay:
    add_closing_day: AddClosingDayPayload | None = mutation(
        run, "Closes a clinic for a day, whose slots are taken back. For its managers.", guard=requires("clinic:write")
    )
