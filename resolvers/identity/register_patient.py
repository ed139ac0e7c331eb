"""registerPatient."""

from datetime import date

import strawberry

from domain.identity.register_patient import register_patient
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, Payload
from schema.fields import described, read


@strawberry.input(description="Who registers.")
class RegisterPatientInput:
    name: str = described("Full name.")
    email: str = described("Where the link to verify it is sent.")
    password: str = described("12 to 256 characters.")
    phone: str | None = described("Telephone number.", default=None)
    language: str = described("Preferred language, BCP 47.", default="en")
    date_of_birth: date | None = described("Day of birth.", default=None)
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What registering answers: the same whether the address is known or not.")
class RegisterPatientPayload(Payload):
    email: str | None = read(lambda answer: answer["email"], "Where a mail with the next step was sent.")


async def run(session: Session, input: RegisterPatientInput) -> Answer:
    email = await register_patient(
        session,
        name=input.name,
        email=input.email,
        password=input.password,
        phone=input.phone,
        language=input.language,
        born=input.date_of_birth,
    )
    return Answer(email=email)


@strawberry.type
class RegisterPatient:
    register_patient: RegisterPatientPayload | None = mutation(
        run,
        "Makes an account for a patient, who can sign in once she has verified her address by the mail sent to it.",
    )
