"""Whether a step of an appointment's life may be taken, and if not, why: the table of `steps`, applied."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from auth.viewer import Viewer
from domain.refusal import Forbidden, Invalid, Refusal
from domain.scheduling.local_days import local_day
from domain.scheduling.refusals import InvalidTransition, TooLateToCancel, TooLateToReschedule
from domain.scheduling.rows import Row
from domain.scheduling.steps import RULES, Actor, Anchor, Moment, Rule, StepName, Unpaid
from models.enums import AppointmentStatus, Role


@dataclass(frozen=True, slots=True)
class Visit:
    """What the table asks about an appointment. `day_ends_at` is the end of its clinic-local day; `pay_by` is until
    when a booking that waits for its payment keeps its seat, None for one that does not wait."""

    status: AppointmentStatus
    starts_at: datetime
    ends_at: datetime
    day_ends_at: datetime
    pay_by: datetime | None = None


class RefusalKind(StrEnum):
    """Why not. In their order: the further down, the closer it came to being allowed."""

    ROLE = "ROLE"
    INVALID_TRANSITION = "INVALID_TRANSITION"
    UNPAID = "UNPAID"
    TOO_EARLY = "TOO_EARLY"
    TOO_LATE = "TOO_LATE"
    REASON_MISSING = "REASON_MISSING"


@dataclass(frozen=True, slots=True)
class Allowed:
    """`to` is the new status; None where the step leaves it to the clinic's policy (a moved booking)."""

    rule: Rule

    @property
    def to(self) -> AppointmentStatus | None:
        return self.rule.to


@dataclass(frozen=True, slots=True)
class Refused:
    """`moment` is when it opens (TOO_EARLY) or closed (TOO_LATE, and UNPAID if the time to pay is over)."""

    kind: RefusalKind
    step: StepName
    status: AppointmentStatus
    moment: datetime | None = None

    def refusal(self) -> Refusal | Forbidden:
        return _SAID[self.kind](self)


def visit_of(appointment: Row, zone: ZoneInfo) -> Visit:
    """A row of `appointments`, at a clinic in this zone."""
    status = AppointmentStatus(appointment["status"])
    waits = status is AppointmentStatus.PENDING
    return Visit(
        status=status,
        starts_at=appointment["starts_at"],
        ends_at=appointment["ends_at"],
        day_ends_at=end_of_day(zone, appointment["local_day"]),
        pay_by=appointment["pay_by"] if waits else None,
    )


def end_of_day(zone: ZoneInfo, day: date) -> datetime:
    """The instant at which the clinic's clock leaves the day for the last time."""
    return datetime.fromtimestamp(local_day(zone, day)[-1].end, UTC)


def actors(viewer: Viewer, *, is_own: bool, doctor_id: int, clinic_id: int) -> frozenset[Actor]:
    """As what a viewer acts on an appointment, her own or a dependant's, or with this doctor at this clinic; may be
    nothing."""
    works_here = clinic_id in viewer.clinic_ids
    being = {
        Actor.PATIENT: is_own,
        Actor.DOCTOR: viewer.doctor_id == doctor_id,
        Actor.STAFF: works_here,
        Actor.MANAGER: works_here and Role.MANAGER in viewer.roles,
        Actor.ADMIN: Role.ADMIN in viewer.roles,
        Actor.SERVICE: viewer.is_service,
    }
    return frozenset(actor for actor, is_so in being.items() if is_so)


def judge(step: StepName, visit: Visit, who: Set[Actor], now: datetime, reason: str | None = None) -> Allowed | Refused:
    """Whether somebody may take the step at `now`. Where several rows apply, the answer is the kindest."""
    kinds = list(RefusalKind)
    refused = Refused(RefusalKind.ROLE, step, visit.status)
    for rule in RULES:
        if rule.step is step and rule.who & who:
            found = _against(rule, visit, now, reason)
            if found is None:
                return Allowed(rule)
            kind, moment = found
            if kinds.index(kind) > kinds.index(refused.kind):
                refused = Refused(kind, step, visit.status, moment)
    return refused


def check_step(step: StepName, visit: Visit, who: Set[Actor], now: datetime, reason: str | None = None) -> Allowed:
    """As `judge`, but raises: Forbidden, InvalidTransition, TooLateToCancel, TooLateToReschedule, or Invalid."""
    answer = judge(step, visit, who, now, reason)
    if isinstance(answer, Refused):
        raise answer.refusal()
    return answer


def moment_of(moment: Moment, visit: Visit) -> datetime:
    anchors = {Anchor.START: visit.starts_at, Anchor.END: visit.ends_at, Anchor.DAY_END: visit.day_ends_at}
    return anchors[moment.anchor] + moment.after


_Objection = tuple[RefusalKind, datetime | None]


def _against(rule: Rule, visit: Visit, now: datetime, reason: str | None) -> _Objection | None:
    if visit.status not in rule.since:
        return RefusalKind.INVALID_TRANSITION, None
    objection = _unpaid_against(rule, visit, now) or _time_against(rule, visit, now)
    if objection is None and rule.needs_reason and not (reason or "").strip():
        return RefusalKind.REASON_MISSING, None
    return objection


def _unpaid_against(rule: Rule, visit: Visit, now: datetime) -> _Objection | None:
    if visit.pay_by is None or rule.unpaid is Unpaid.ALLOWED:
        return None
    if rule.unpaid is Unpaid.REFUSED:
        return RefusalKind.UNPAID, None
    return (RefusalKind.UNPAID, visit.pay_by) if now >= visit.pay_by else None


def _time_against(rule: Rule, visit: Visit, now: datetime) -> _Objection | None:
    if rule.earliest is not None and now < (opens := moment_of(rule.earliest, visit)):
        return RefusalKind.TOO_EARLY, opens
    if rule.latest is not None and now >= (closed := moment_of(rule.latest, visit)):
        return RefusalKind.TOO_LATE, closed
    return None


def _too_late(refused: Refused) -> Refusal:
    closed = f"this was possible until {_when(refused.moment)}"
    if refused.step is StepName.CANCEL:
        return TooLateToCancel(closed)
    return TooLateToReschedule(closed) if refused.step is StepName.RESCHEDULE else InvalidTransition(closed)


def _unpaid(refused: Refused) -> Refusal:
    if refused.moment is None:
        return InvalidTransition("this booking is confirmed by its payment")
    return InvalidTransition(f"this booking was not paid by {_when(refused.moment)}, so its seat is free again")


def _when(moment: datetime | None) -> str:
    assert moment is not None
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


_SAID: dict[RefusalKind, Callable[[Refused], Refusal | Forbidden]] = {
    RefusalKind.ROLE: lambda _: Forbidden("this step is for others to take"),
    RefusalKind.INVALID_TRANSITION: lambda refused: InvalidTransition(
        f"this step cannot follow: the appointment is {refused.status}"
    ),
    RefusalKind.UNPAID: _unpaid,
    RefusalKind.TOO_EARLY: lambda refused: InvalidTransition(f"this is possible from {_when(refused.moment)}"),
    RefusalKind.TOO_LATE: _too_late,
    RefusalKind.REASON_MISSING: lambda _: Invalid({"reason": "say why: those concerned will read it"}),
}
