"""What a clinic's record may be."""

from collections.abc import Mapping
from typing import Any

from domain.fields import Fields

NEEDED = ("name", "address", "city")


def checked_clinic(given: Mapping[str, Any], country: str | None = None) -> dict[str, Any]:
    """The columns of what was given. Raises Invalid. `country` is where the clinic is, unless it moves."""
    fields, columns = Fields(), dict(given)
    for name in (*NEEDED, "state"):
        if name in given:
            columns[name] = fields.text(name, given[name], needed=name in NEEDED)
    if "country" in given:
        columns["country"] = country = fields.country(given["country"])
    if "postal_code" in given:
        columns["postal_code"] = fields.postal_code(given["postal_code"], country)
    if "latitude" in given:
        columns["latitude"] = fields.degrees("latitude", given["latitude"], 90)
    if "longitude" in given:
        columns["longitude"] = fields.degrees("longitude", given["longitude"], 180)
    if "time_zone" in given:
        columns["time_zone"] = fields.time_zone(given["time_zone"])
    if "currency" in given:
        columns["currency"] = fields.currency("currency", given["currency"])
    if "phone" in given:
        columns["phone"] = fields.phone(given["phone"], country)
    if given.get("email") is not None:
        columns["email"] = fields.email(given["email"])
    fields.check()
    return columns
