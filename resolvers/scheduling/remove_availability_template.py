"""removeAvailabilityTemplate."""

import strawberry

from domain.scheduling.remove_availability_template import remove_availability_template
from domain.session import Session
from loaders.providers.doctors import DoctorById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.directives import requires
from schema.fields import described, relation
from schema.providers.doctors import Doctor


@strawberry.input(description="Which weekly hours to remove.")
class RemoveAvailabilityTemplateInput:
    id: strawberry.ID = described("The template.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What removing weekly hours answers.")
class RemoveAvailabilityTemplatePayload(Payload):
    doctor: Doctor | None = relation(DoctorById, "doctor_id", "Whose hours they were.")


async def run(session: Session, input: RemoveAvailabilityTemplateInput) -> Answer:
    template_id = id_in("AvailabilityTemplate", input.id, "id")
    return Answer(doctor_id=await remove_availability_template(session, template_id))


@strawberry.type
class RemoveAvailabilityTemplate:
    remove_availability_template: RemoveAvailabilityTemplatePayload | None = mutation(
        run,
        "Removes weekly hours. Their unbooked slots go with the next `generateSlots`.",
        guard=requires("slot:write"),
    )
