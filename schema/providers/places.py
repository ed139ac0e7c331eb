"""Places as they are asked for."""

from collections.abc import Mapping

import strawberry

from schema.errors import BadUserInput
from schema.fields import described

LARGEST_RADIUS_KM = 500


@strawberry.input(description="Within a distance of a point.")
class NearInput:
    latitude: float = described("Degrees north, -90 to 90.")
    longitude: float = described("Degrees east, -180 to 180.")
    radius_km: float = described("Kilometres, above 0 and up to 500.", default=25.0)


def near_values(near: NearInput | None) -> Mapping[str, float] | None:
    """The parameters of a nearness condition. Raises BadUserInput for a point that is not on earth."""
    if near is None:
        return None
    if not (-90 <= near.latitude <= 90 and -180 <= near.longitude <= 180):
        raise BadUserInput("near: latitude must be from -90 to 90 and longitude from -180 to 180")
    if not 0 < near.radius_km <= LARGEST_RADIUS_KM:
        raise BadUserInput(f"near: radiusKm must be above 0 and at most {LARGEST_RADIUS_KM}")
    return {"latitude": near.latitude, "longitude": near.longitude, "radius_km": near.radius_km}
