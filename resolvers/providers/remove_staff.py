"""removeStaff."""

import strawberry

from domain.providers.remove_staff import remove_staff
from domain.session import Session
from loaders.providers.staff import StaffMemberById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.changes import KEY
from schema.directives import requires
from schema.fields import described, relation
from schema.providers.staff import StaffMember


@strawberry.input(description="Who works for a clinic no more.")
class RemoveStaffInput:
    staff_id: strawberry.ID = described("Her place at the clinic, a StaffMember.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What dismissing staff answers.")
class RemoveStaffPayload(Payload):
    staff_member: StaffMember | None = relation(StaffMemberById, "staff_id", "Her place at the clinic.")


async def run(session: Session, input: RemoveStaffInput) -> Answer:
    return Answer(staff_id=await remove_staff(session, id_in("StaffMember", input.staff_id, "staffId")))


@strawberry.type
class RemoveStaff:
    remove_staff: RemoveStaffPayload | None = mutation(
        run,
        "Ends somebody's place at a clinic, at once. For its managers; a MANAGER's for administrators.",
        guard=requires("clinic:write"),
    )
