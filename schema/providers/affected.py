"""Whom it concerns when slots are taken back."""

from typing import Any

import strawberry

from domain.providers.withdraw_slots import Seated
from loaders.scheduling.appointments import AppointmentById
from schema.answers import Answer
from schema.context import Info
from schema.directives import requires
from schema.enums import show
from schema.fields import described, read
from schema.scheduling.appointments import Appointment

show(
    Seated,
    "What becomes of appointments in slots that are taken back.",
    REFUSE="Where there is one, nothing is done: a CONFLICT.",
    CANCEL="They are cancelled by the clinic, with the reason, free of charge.",
)


async def _appointments(root: Answer, info: Info) -> list[Appointment]:
    rows = await info.context.loaders.get(AppointmentById).load_level(root["affected_ids"] or ())
    return [row for row in rows if row is not None]


@strawberry.type(directives=[requires("appointment:read")], description="The appointments that a change concerns.")
class AffectedAppointments:
    count: int = read(lambda answer: answer["affected_count"], "How many there are.")
    appointments: list[Appointment] = described(
        "The first hundred, earliest first, as they are now.",
        resolver=_appointments,
    )


def affected_appointments() -> Any:
    """A payload's field."""
    return read(
        lambda answer: None if answer["affected_count"] is None else answer,
        "The appointments to come that this concerns: after a dry run, or a refusal, those that it would concern.",
    )
