"""leaveWaitlist."""

import strawberry

from domain.scheduling.leave_waitlist import leave_waitlist
from domain.session import Session
from loaders.scheduling.waitlist import WaitlistEntryById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.directives import requires
from schema.fields import described, relation
from schema.scheduling.waitlist import WaitlistEntry


@strawberry.input(description="Which place in line to give up.")
class LeaveWaitlistInput:
    waitlist_entry_id: strawberry.ID = described("The entry.")
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type(description="What leaving the waitlist answers.")
class LeaveWaitlistPayload(Payload):
    waitlist_entry: WaitlistEntry | None = relation(WaitlistEntryById, "entry_id", "The place that was given up.")


async def run(session: Session, input: LeaveWaitlistInput) -> Answer:
    entry_id = id_in("WaitlistEntry", input.waitlist_entry_id, "waitlistEntryId")
    return Answer(entry_id=await leave_waitlist(session, entry_id))


@strawberry.type
class LeaveWaitlist:
    leave_waitlist: LeaveWaitlistPayload | None = mutation(
        run, "Waits no longer; an offered seat goes to the next in line.", guard=requires("appointment:write")
    )
