"""What mutations of a doctor take and give."""

from datetime import date
from typing import Any

import strawberry

from loaders.providers.doctors import DoctorById
from schema.answers import Payload
from schema.changes import sent
from schema.fields import described, relation
from schema.payments.money import MoneyInput
from schema.providers.doctors import Doctor

COLUMNS = (
    *("specialty", "licence_number", "qualifications", "years_of_experience", "languages", "daily_patient_limit"),
    "consultation_fee",
)


@strawberry.input
class DoctorInput:
    """What somebody says who is to become a doctor here."""

    specialty: str = described("Field of medicine.")
    licence_number: str = described("Number of the licence to practise.")
    licence_expires_on: date | None = described("From this day on the licence counts no more.", default=None)
    documents: list[str] = described("References to documents: where the licence is kept.", default_factory=list)
    qualifications: str | None = described("Degrees and boards, in words.", default=None)
    years_of_experience: int = described("Years in practice, 0 to 80.", default=0)
    languages: list[str] = described("Languages spoken, ISO 639-1.", default_factory=lambda: ["en"])
    consultation_fee: MoneyInput = described("What a visit costs.")
    daily_patient_limit: int | None = described("Appointments a day at most; null is no limit.", default=None)


@strawberry.type
class DoctorPayload(Payload):
    doctor: Doctor | None = relation(
        DoctorById, "doctor_id", "The doctor, as she is now; after a CONFLICT, as somebody else has left her record."
    )


def doctor_columns(input: Any) -> dict[str, Any]:
    """What an input says of a doctor, by column."""
    columns = sent(input, *COLUMNS)
    if "consultation_fee" in columns:
        fee: MoneyInput | None = columns.pop("consultation_fee")
        columns["consultation_fee_minor"] = None if fee is None else fee.amount
        columns["currency"] = None if fee is None else fee.currency
    return columns
