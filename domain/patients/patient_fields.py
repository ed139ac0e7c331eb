"""What a patient's record may be."""

from collections.abc import Mapping
from typing import Any

from domain.fields import LONG, Fields
from domain.session import Session
from models.enums import NotificationChannel


def check_patient(fields: Fields, given: Mapping[str, Any], session: Session, country: str | None) -> dict[str, Any]:
    """The columns of what was given; what is wrong with them is noted in `fields`. Telephone numbers without prefix
    are of the country."""
    columns = dict(given)
    if "name" in given:
        columns["name"] = fields.name(given["name"] or "")
    if "phone" in given:
        columns["phone"] = fields.phone(given["phone"], country)
    if "language" in given:
        columns["language"] = fields.language(given["language"])
    if "date_of_birth" in given:
        columns["date_of_birth"] = fields.born(given["date_of_birth"], session.now.date())
    if "allergies" in given:
        columns["allergies"] = fields.text("allergies", given["allergies"], longest=LONG)
    if "emergency_contact" in given:
        columns["emergency_contact"] = fields.text("emergency_contact", given["emergency_contact"], longest=500)
    if "notification_channels" in given:
        chosen = set(given["notification_channels"] or ())
        columns["notification_channels"] = [channel for channel in NotificationChannel if channel in chosen]
    return columns
