"""setAvailabilityTemplate."""

from datetime import date, time
from typing import Any

import strawberry

from domain.scheduling.set_availability_template import FIELDS, set_availability_template
from domain.session import Session
from loaders.scheduling.availability import AvailabilityTemplateById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in, id_in_or_none
from schema.directives import requires
from schema.fields import described, relation
from schema.scheduling.availability import AvailabilityTemplate


@strawberry.input(
    description="Weekly hours, in the clinic's local time. Without an id a new template: then doctor, clinic, weekday, "
    "times and slot length are needed. With id and version what is not sent stays."
)
class SetAvailabilityTemplateInput:
    id: strawberry.ID | None = described("The template to change.", default=None)
    version: int | None = described("The version of it that you have seen.", default=None)
    doctor_id: strawberry.ID | None = described("Whose hours.", default=strawberry.UNSET)
    clinic_id: strawberry.ID | None = described("Where.", default=strawberry.UNSET)
    weekday: int | None = described("1 is Monday, 7 is Sunday.", default=strawberry.UNSET)
    starts_at: time | None = described("From.", default=strawberry.UNSET)
    ends_at: time | None = described("To.", default=strawberry.UNSET)
    slot_minutes: int | None = described("How long each slot lasts, 5 to 480.", default=strawberry.UNSET)
    buffer_minutes: int | None = described("Kept free after each, 0 to 240; 0 if new.", default=strawberry.UNSET)
    capacity: int | None = described("Patients to a slot, 1 to 100; 1 if new.", default=strawberry.UNSET)
    valid_from: date | None = described("The first day; today if new.", default=strawberry.UNSET)
    valid_until: date | None = described("The last day; null is for good.", default=strawberry.UNSET)
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What setting weekly hours answers.")
class SetAvailabilityTemplatePayload(Payload):
    availability_template: AvailabilityTemplate | None = relation(
        AvailabilityTemplateById, "template_id", "The template, as it is now."
    )


async def run(session: Session, input: SetAvailabilityTemplateInput) -> Answer:
    sent = {name: getattr(input, name) for name in FIELDS}
    given: dict[str, Any] = {name: value for name, value in sent.items() if value is not strawberry.UNSET}
    for name, type_name in (("doctor_id", "Doctor"), ("clinic_id", "Clinic")):
        if name in given:
            given[name] = id_in_or_none(type_name, given[name], FIELDS[name])
    template_id = None if input.id is None else id_in("AvailabilityTemplate", input.id, "id")
    return Answer(template_id=await set_availability_template(session, template_id, input.version, given))


@strawberry.type
class SetAvailabilityTemplate:
    set_availability_template: SetAvailabilityTemplatePayload | None = mutation(
        run,
        "Makes weekly hours of a doctor at a clinic, or changes them. Slots follow with `generateSlots`.",
        guard=requires("slot:write"),
    )
