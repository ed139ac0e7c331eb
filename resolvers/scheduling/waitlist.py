"""Who waits."""

import strawberry

from schema.directives import requires
from schema.fields import relation
from schema.paging import Connection
from schema.scheduling.waitlist import WaitlistEntry, ask_waitlist


@strawberry.type
class WaitlistQueries:
    waitlist: Connection[WaitlistEntry] | None = relation(
        ask_waitlist, None, "Those who wait, first come first.", guard=requires("appointment:read")
    )
