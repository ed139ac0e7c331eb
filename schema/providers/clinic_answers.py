"""What mutations of a clinic take and give."""

from typing import Any

import strawberry

from loaders.providers.clinics import ClinicById
from schema.answers import Payload
from schema.changes import sent
from schema.fields import described, relation
from schema.providers.clinics import Clinic

COLUMNS = ("name", "address", "city", "state", "postal_code", "country", "time_zone", "currency", "phone", "email")


@strawberry.input(description="Where something is, in degrees (WGS 84).")
class PositionInput:
    latitude: float = described("Degrees north, -90 to 90.")
    longitude: float = described("Degrees east, -180 to 180.")


@strawberry.type
class ClinicPayload(Payload):
    clinic: Clinic | None = relation(
        ClinicById, "clinic_id", "The clinic, as it is now; after a CONFLICT, as somebody else has left it."
    )


def clinic_columns(input: Any) -> dict[str, Any]:
    """What an input says of a clinic, by column."""
    columns = sent(input, *COLUMNS, "position")
    if "position" in columns:
        position: PositionInput | None = columns.pop("position")
        columns["latitude"] = None if position is None else position.latitude
        columns["longitude"] = None if position is None else position.longitude
    return columns
