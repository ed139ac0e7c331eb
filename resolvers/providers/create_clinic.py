"""createClinic."""

import strawberry

from domain.providers.create_clinic import create_clinic
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer
from schema.changes import KEY
from schema.directives import requires
from schema.fields import described
from schema.providers.clinic_answers import ClinicPayload, PositionInput, clinic_columns


@strawberry.input(description="A new clinic.")
class CreateClinicInput:
    name: str = described("What it is called.")
    address: str = described("Street and number.")
    city: str = described("City.")
    state: str | None = described("State or region.", default=None)
    postal_code: str | None = described("Postal code.", default=None)
    country: str = described("ISO 3166 alpha-2, such as DE.")
    position: PositionInput = described("Where it is.")
    time_zone: str = described("IANA time zone, in which its days are counted, such as Europe/Berlin.")
    currency: str = described("ISO 4217, such as EUR.")
    phone: str | None = described("Phone; without the prefix of a country it is one of the clinic's.", default=None)
    email: str | None = described("Address for questions.", default=None)
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What making a clinic answers.")
class CreateClinicPayload(ClinicPayload):
    pass


async def run(session: Session, input: CreateClinicInput) -> Answer:
    return Answer(clinic_id=await create_clinic(session, clinic_columns(input)))


@strawberry.type
class CreateClinic:
    create_clinic: CreateClinicPayload | None = mutation(
        run, "Makes a clinic that may take bookings. For administrators.", guard=requires("clinic:write")
    )
