"""reactivateClinic."""

import strawberry

from domain.providers.reactivate_clinic import reactivate_clinic
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY
from schema.directives import requires
from schema.fields import described
from schema.providers.clinic_answers import ClinicPayload


@strawberry.input(description="Which clinic to open again.")
class ReactivateClinicInput:
    clinic_id: strawberry.ID = described("The clinic.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What opening a clinic again answers.")
class ReactivateClinicPayload(ClinicPayload):
    pass


async def run(session: Session, input: ReactivateClinicInput) -> Answer:
    return Answer(clinic_id=await reactivate_clinic(session, id_in("Clinic", input.clinic_id, "clinicId")))


@strawberry.type
class ReactivateClinic:
    reactivate_clinic: ReactivateClinicPayload | None = mutation(
        run,
        "Opens a clinic again; slots that were taken back stay so. For administrators.",
        guard=requires("clinic:write"),
    )
