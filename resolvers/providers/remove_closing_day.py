"""removeClosingDay."""

from datetime import date

import strawberry

from domain.providers.remove_closing_day import remove_closing_day
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY
from schema.directives import requires
from schema.fields import described
from schema.providers.clinic_answers import ClinicPayload


@strawberry.input(description="On which day a clinic is open after all.")
class RemoveClosingDayInput:
    clinic_id: strawberry.ID = described("The clinic.")
    day: date = described("The day.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What opening for a day answers.")
class RemoveClosingDayPayload(ClinicPayload):
    pass


async def run(session: Session, input: RemoveClosingDayInput) -> Answer:
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId")
    return Answer(clinic_id=await remove_closing_day(session, clinic_id, input.day))


@strawberry.type
class RemoveClosingDay:
    remove_closing_day: RemoveClosingDayPayload | None = mutation(
        run,
        "Opens a clinic on a day that it was to be closed; slots that were taken back stay so. For its managers.",
        guard=requires("clinic:write"),
    )
