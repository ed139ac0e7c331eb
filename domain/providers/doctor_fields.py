"""What a doctor's record may be."""

from collections.abc import Mapping
from typing import Any

from domain.fields import LONG, Fields

HIGHEST_FEE = 10**9  # minor units


def check_doctor(fields: Fields, given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of what was given; what is wrong with them is noted in `fields`."""
    columns = dict(given)
    if "specialty" in given:
        columns["specialty"] = fields.text("specialty", given["specialty"], longest=100, needed=True)
    if "licence_number" in given:
        columns["licence_number"] = fields.licence("licence_number", given["licence_number"])
    if "qualifications" in given:
        columns["qualifications"] = fields.text("qualifications", given["qualifications"], longest=LONG)
    if "years_of_experience" in given:
        columns["years_of_experience"] = fields.whole("years_of_experience", given["years_of_experience"], 0, 80)
    if "languages" in given:
        columns["languages"] = fields.languages(given["languages"])
    if "consultation_fee_minor" in given:
        columns["consultation_fee_minor"] = fields.whole(
            "consultation_fee", given["consultation_fee_minor"], 0, HIGHEST_FEE
        )
        columns["currency"] = fields.currency("consultation_fee", given["currency"])
    if given.get("daily_patient_limit") is not None:
        columns["daily_patient_limit"] = fields.whole("daily_patient_limit", given["daily_patient_limit"], 1, 500)
    return columns
