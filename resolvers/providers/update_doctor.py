"""updateDoctor."""

import strawberry

from domain.providers.update_doctor import update_doctor
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY, VERSION, changed
from schema.directives import requires
from schema.fields import described
from schema.payments.money import MoneyInput
from schema.providers.doctor_answers import DoctorPayload, doctor_columns


@strawberry.input(description="What changes of a doctor; what is not sent stays.")
class UpdateDoctorInput:
    doctor_id: strawberry.ID = described("The doctor.")
    version: int = described(VERSION)
    specialty: str | None = changed("Field of medicine; once reviewed, for administrators to change.")
    licence_number: str | None = changed("Once reviewed, for administrators to change.")
    qualifications: str | None = changed("Degrees and boards, in words.")
    years_of_experience: int | None = changed("Years in practice, 0 to 80.")
    languages: list[str] | None = changed("Languages spoken, ISO 639-1.")
    consultation_fee: MoneyInput | None = changed("What a visit costs.")
    daily_patient_limit: int | None = changed("Appointments a day at most; null is no limit.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What changing a doctor's record answers.")
class UpdateDoctorPayload(DoctorPayload):
    pass


async def run(session: Session, input: UpdateDoctorInput) -> Answer:
    doctor_id = id_in("Doctor", input.doctor_id, "doctorId")
    return Answer(doctor_id=await update_doctor(session, doctor_id, doctor_columns(input), input.version))


@strawberry.type
class UpdateDoctor:
    update_doctor: UpdateDoctorPayload | None = mutation(
        run,
        "Changes a doctor's record. For herself, and the managers of her clinics.",
        guard=requires("provider:write"),
    )
