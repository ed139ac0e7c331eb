"""The life of an appointment as one table: each step, from what to what, who may take it, and when.

PENDING → CONFIRMED → CHECKED_IN → IN_PROGRESS → COMPLETED; CANCELLED, DECLINED and NO_SHOW are ends. A step that more
than one row allows is allowed. `docs/scheduling.md` is printed from this table.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from models.enums import AppointmentStatus as Status


class StepName(StrEnum):
    CONFIRM = "CONFIRM"
    DECLINE = "DECLINE"
    CHECK_IN = "CHECK_IN"
    START = "START"
    COMPLETE = "COMPLETE"
    NO_SHOW = "NO_SHOW"
    CANCEL = "CANCEL"
    RESCHEDULE = "RESCHEDULE"


class Actor(StrEnum):
    """As what somebody acts on an appointment.

    PATIENT and DOCTOR are its own, STAFF and MANAGER those of its clinic. SERVICE is a client without a user; SERVER is
    Clinicgraph itself: a captured payment confirms, an unpaid booking lapses.
    """

    PATIENT = "PATIENT"
    DOCTOR = "DOCTOR"
    STAFF = "STAFF"
    MANAGER = "MANAGER"
    ADMIN = "ADMIN"
    SERVICE = "SERVICE"
    SERVER = "SERVER"


class Anchor(StrEnum):
    """What a moment is counted from: the slot's start, its end, or the end of the clinic-local day it is on."""

    START = "start"
    END = "end"
    DAY_END = "end of the day"


@dataclass(frozen=True, slots=True)
class Moment:
    anchor: Anchor
    after: timedelta = timedelta()


class Unpaid(StrEnum):
    """Whether the step may be taken while the booking waits for its payment."""

    ALLOWED = "allowed"
    UNTIL_PAY_BY = "until the time to pay is over"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Rule:
    """`earliest` is included, `latest` is not; without one there is no limit. `to` None: it keeps its status, or gets
    the one that the clinic's policy gives to a moved booking."""

    step: StepName
    since: frozenset[Status]
    to: Status | None
    who: frozenset[Actor]
    earliest: Moment | None = None
    latest: Moment | None = None
    needs_reason: bool = False
    unpaid: Unpaid = Unpaid.ALLOWED


CHECK_IN_OPENS = timedelta(hours=2)
"""Before the start: nobody sits longer than that in a waiting room, and a check-in for tomorrow is a mistake."""

START_OPENS = timedelta(hours=1)
"""Before the start: a doctor who is ahead of time may begin with whom she has there."""

NO_SHOW_GRACE = timedelta(minutes=5)
"""After the start: so long a patient may be late before anybody may give her up."""

NO_SHOW_CLOSES = timedelta(days=7)
"""After the end: time to tidy up the week. Later ones change figures already reported: an administrator's matter."""

LATE_SHIFT = timedelta(hours=4)
"""After the end of the day: evening surgeries run past midnight."""

CLINIC = frozenset({Actor.DOCTOR, Actor.STAFF, Actor.MANAGER, Actor.SERVICE})
CLINIC_OR_ADMIN = CLINIC | {Actor.ADMIN}
PATIENT = frozenset({Actor.PATIENT})
ADMIN = frozenset({Actor.ADMIN})
SERVER = frozenset({Actor.SERVER})

PENDING = frozenset({Status.PENDING})
CONFIRMED = frozenset({Status.CONFIRMED})
CHECKED_IN = frozenset({Status.CHECKED_IN})
IN_PROGRESS = frozenset({Status.IN_PROGRESS})

AT_THE_START = Moment(Anchor.START)
CLOSING = Moment(Anchor.DAY_END, LATE_SHIFT)
ARRIVAL = Moment(Anchor.START, -CHECK_IN_OPENS)
FIRST_CALL = Moment(Anchor.START, -START_OPENS)
GIVEN_UP = Moment(Anchor.START, NO_SHOW_GRACE)
SETTLED = Moment(Anchor.END, NO_SHOW_CLOSES)

RULES = (
    Rule(StepName.CONFIRM, PENDING, Status.CONFIRMED, CLINIC_OR_ADMIN, None, Moment(Anchor.END), unpaid=Unpaid.REFUSED),
    Rule(StepName.CONFIRM, PENDING, Status.CONFIRMED, SERVER),
    # No limit: a request that nobody answered must still be answered.
    Rule(StepName.DECLINE, PENDING, Status.DECLINED, CLINIC_OR_ADMIN, needs_reason=True),
    Rule(StepName.CHECK_IN, CONFIRMED, Status.CHECKED_IN, CLINIC, ARRIVAL, CLOSING),
    Rule(StepName.CHECK_IN, CONFIRMED, Status.CHECKED_IN, ADMIN, ARRIVAL),
    Rule(StepName.START, CHECKED_IN, Status.IN_PROGRESS, CLINIC, FIRST_CALL, CLOSING),
    Rule(StepName.START, CHECKED_IN, Status.IN_PROGRESS, ADMIN, FIRST_CALL),
    # No limit: a visit that somebody forgot to close has taken place.
    Rule(StepName.COMPLETE, IN_PROGRESS, Status.COMPLETED, CLINIC_OR_ADMIN),
    Rule(StepName.NO_SHOW, CONFIRMED, Status.NO_SHOW, CLINIC, GIVEN_UP, SETTLED),
    Rule(StepName.NO_SHOW, CONFIRMED, Status.NO_SHOW, ADMIN, GIVEN_UP),
    Rule(StepName.CANCEL, PENDING | CONFIRMED, Status.CANCELLED, PATIENT, None, AT_THE_START),
    # Who has checked in may still be sent home: the doctor was called away.
    Rule(StepName.CANCEL, PENDING | CONFIRMED | CHECKED_IN, Status.CANCELLED, CLINIC, None, CLOSING, needs_reason=True),
    Rule(StepName.CANCEL, PENDING | CONFIRMED | CHECKED_IN, Status.CANCELLED, ADMIN, needs_reason=True),
    Rule(StepName.CANCEL, PENDING, Status.CANCELLED, SERVER),
    Rule(StepName.RESCHEDULE, PENDING | CONFIRMED, None, PATIENT, None, AT_THE_START, unpaid=Unpaid.UNTIL_PAY_BY),
    Rule(StepName.RESCHEDULE, PENDING | CONFIRMED, None, CLINIC_OR_ADMIN, None, CLOSING, unpaid=Unpaid.UNTIL_PAY_BY),
)
