"""Conditions on places that several lists share: in a city, near a point."""

from sqlalchemy import ColumnElement, Double, FromClause, Text, func, literal_column

from models.statement import parameter

# In the text: as parameters they would be converted anew for every clinic.
ONE: ColumnElement[float] = literal_column("1::float8", Double())
TWO: ColumnElement[float] = literal_column("2::float8", Double())
EARTH_DIAMETER_KM: ColumnElement[float] = literal_column("12742::float8", Double())
KM_PER_DEGREE: ColumnElement[float] = literal_column("111::float8", Double())


def in_city(clinic: FromClause) -> ColumnElement[bool]:
    """Of the city named by the parameter `city`, whatever its case."""
    return func.lower(clinic.c.city) == func.lower(parameter("city", Text()))


def distance_km(clinic: FromClause) -> ColumnElement[float]:
    """Great-circle distance from the parameters `latitude` and `longitude` (haversine)."""
    latitude, longitude = parameter("latitude", Double()), parameter("longitude", Double())
    half = func.power(func.sin(func.radians(clinic.c.latitude - latitude) / TWO), TWO) + func.cos(
        func.radians(latitude)
    ) * func.cos(func.radians(clinic.c.latitude)) * func.power(
        func.sin(func.radians(clinic.c.longitude - longitude) / TWO), TWO
    )
    return EARTH_DIAMETER_KM * func.asin(func.sqrt(func.least(half, ONE)), type_=Double())


def near(clinic: FromClause) -> ColumnElement[bool]:
    """Within `radius_km` of the point; a band of latitudes, which an index has, is cut out first."""
    latitude, radius = parameter("latitude", Double()), parameter("radius_km", Double())
    band = clinic.c.latitude.between(latitude - radius / KM_PER_DEGREE, latitude + radius / KM_PER_DEGREE)
    return band & (distance_km(clinic) <= radius)
