"""updateClinic."""

import strawberry

from domain.providers.update_clinic import update_clinic
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY, VERSION, changed
from schema.directives import requires
from schema.fields import described
from schema.providers.clinic_answers import ClinicPayload, PositionInput, clinic_columns


@strawberry.input(description="What changes of a clinic; what is not sent stays.")
class UpdateClinicInput:
    clinic_id: strawberry.ID = described("The clinic.")
    version: int = described(VERSION)
    name: str | None = changed("What it is called.")
    address: str | None = changed("Street and number.")
    city: str | None = changed("City.")
    state: str | None = changed("State or region.")
    postal_code: str | None = changed("Postal code.")
    country: str | None = changed("ISO 3166 alpha-2, such as DE.")
    position: PositionInput | None = changed("Where it is.")
    time_zone: str | None = changed("IANA time zone; stays once there are slots.")
    currency: str | None = changed("ISO 4217; stays once there are slots.")
    phone: str | None = changed("Phone.")
    email: str | None = changed("Address for questions.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What changing a clinic answers.")
class UpdateClinicPayload(ClinicPayload):
    pass


async def run(session: Session, input: UpdateClinicInput) -> Answer:
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId")
    return Answer(clinic_id=await update_clinic(session, clinic_id, clinic_columns(input), input.version))


@strawberry.type
class UpdateClinic:
    update_clinic: UpdateClinicPayload | None = mutation(
        run, "Changes a clinic's record. For its managers.", guard=requires("clinic:write")
    )
