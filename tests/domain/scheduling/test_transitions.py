"""Every cell of the table of steps, against one written down here; the moments; the words in `docs/scheduling.md`."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from auth.viewer import ANONYMOUS, Viewer
from domain.refusal import ErrorCode, Forbidden, Refusal
from domain.scheduling.printed import document
from domain.scheduling.steps import RULES, Actor, StepName
from domain.scheduling.transitions import (
    Allowed,
    RefusalKind,
    Refused,
    Visit,
    actors,
    check_step,
    end_of_day,
    judge,
    visit_of,
)
from models.enums import FREES_SEAT, Role
from models.enums import AppointmentStatus as Status

DOCUMENT = Path(__file__).parents[3] / "docs" / "scheduling.md"
START = datetime(2026, 6, 1, 9, tzinfo=UTC)
END = START + timedelta(minutes=30)
DAY_END = datetime(2026, 6, 1, 22, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)

CLINIC = "DOCTOR STAFF MANAGER ADMIN SERVICE"
EVERYBODY = f"PATIENT {CLINIC}"
TABLE = {
    ("CONFIRM", "PENDING"): (f"{CLINIC} SERVER", "CONFIRMED"),
    ("DECLINE", "PENDING"): (CLINIC, "DECLINED"),
    ("CHECK_IN", "CONFIRMED"): (CLINIC, "CHECKED_IN"),
    ("START", "CHECKED_IN"): (CLINIC, "IN_PROGRESS"),
    ("COMPLETE", "IN_PROGRESS"): (CLINIC, "COMPLETED"),
    ("NO_SHOW", "CONFIRMED"): (CLINIC, "NO_SHOW"),
    ("CANCEL", "PENDING"): (f"{EVERYBODY} SERVER", "CANCELLED"),
    ("CANCEL", "CONFIRMED"): (EVERYBODY, "CANCELLED"),
    ("CANCEL", "CHECKED_IN"): (CLINIC, "CANCELLED"),
    ("RESCHEDULE", "PENDING"): (EVERYBODY, None),
    ("RESCHEDULE", "CONFIRMED"): (EVERYBODY, None),
}
TAKES = {
    "CONFIRM": f"{CLINIC} SERVER",
    "DECLINE": CLINIC,
    "CHECK_IN": CLINIC,
    "START": CLINIC,
    "COMPLETE": CLINIC,
    "NO_SHOW": CLINIC,
    "CANCEL": f"{EVERYBODY} SERVER",
    "RESCHEDULE": EVERYBODY,
}
"""Who takes the step at all, from whatever state."""
GOOD_MOMENT = {StepName.NO_SHOW: END}


def visit(status: Status, pay_by: datetime | None = None) -> Visit:
    return Visit(status, START, END, DAY_END, pay_by)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("step", StepName)
@pytest.mark.parametrize("actor", Actor)
def test_every_cell(status: Status, step: StepName, actor: Actor) -> None:
    answer = judge(step, visit(status), {actor}, GOOD_MOMENT.get(step, START - MINUTE), "because")
    who, to = TABLE.get((step, status), ("", None))
    if actor in who.split():
        assert isinstance(answer, Allowed)
        assert answer.to == to
    else:
        takes = actor in TAKES[step].split()
        assert answer == Refused(RefusalKind.INVALID_TRANSITION if takes else RefusalKind.ROLE, step, status)


def test_every_step_and_every_actor_are_in_the_table() -> None:
    assert {rule.step for rule in RULES} == set(StepName)
    assert frozenset().union(*(rule.who for rule in RULES)) == set(Actor)
    reached = {rule.to for rule in RULES if rule.to}
    assert reached | {Status.PENDING} == set(Status)
    assert {Status.CANCELLED, Status.DECLINED} == FREES_SEAT


def test_the_ends_are_ends() -> None:
    ends = {Status.COMPLETED, Status.CANCELLED, Status.DECLINED, Status.NO_SHOW}
    assert not any(rule.since & ends for rule in RULES)


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CENTURY = timedelta(days=36_500)


@pytest.mark.parametrize(
    ("step", "status", "actor", "opens", "closes"),
    [
        (StepName.CONFIRM, Status.PENDING, Actor.STAFF, None, END),
        (StepName.CONFIRM, Status.PENDING, Actor.SERVER, None, None),
        (StepName.DECLINE, Status.PENDING, Actor.DOCTOR, None, None),
        (StepName.CHECK_IN, Status.CONFIRMED, Actor.STAFF, START - 2 * HOUR, DAY_END + 4 * HOUR),
        (StepName.CHECK_IN, Status.CONFIRMED, Actor.ADMIN, START - 2 * HOUR, None),
        (StepName.START, Status.CHECKED_IN, Actor.DOCTOR, START - HOUR, DAY_END + 4 * HOUR),
        (StepName.START, Status.CHECKED_IN, Actor.ADMIN, START - HOUR, None),
        (StepName.COMPLETE, Status.IN_PROGRESS, Actor.DOCTOR, None, None),
        (StepName.NO_SHOW, Status.CONFIRMED, Actor.SERVICE, START + 5 * MINUTE, END + 7 * DAY),
        (StepName.NO_SHOW, Status.CONFIRMED, Actor.ADMIN, START + 5 * MINUTE, None),
        (StepName.CANCEL, Status.CONFIRMED, Actor.PATIENT, None, START),
        (StepName.CANCEL, Status.CONFIRMED, Actor.MANAGER, None, DAY_END + 4 * HOUR),
        (StepName.CANCEL, Status.CONFIRMED, Actor.ADMIN, None, None),
        (StepName.CANCEL, Status.PENDING, Actor.SERVER, None, None),
        (StepName.RESCHEDULE, Status.CONFIRMED, Actor.PATIENT, None, START),
        (StepName.RESCHEDULE, Status.CONFIRMED, Actor.ADMIN, None, DAY_END + 4 * HOUR),
    ],
)
def test_the_moments_between_which_a_step_is_possible(
    step: StepName, status: Status, actor: Actor, opens: datetime | None, closes: datetime | None
) -> None:
    def at(now: datetime) -> Allowed | Refused:
        return judge(step, visit(status), {actor}, now, "because")

    assert isinstance(at(opens or START - CENTURY), Allowed)
    assert isinstance(at(closes - SECOND if closes else START + CENTURY), Allowed)
    if opens:
        assert at(opens - SECOND) == Refused(RefusalKind.TOO_EARLY, step, status, opens)
    if closes:
        assert at(closes) == Refused(RefusalKind.TOO_LATE, step, status, closes)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_the_clinic_says_why_it_cancels_or_declines_and_a_patient_need_not(reason: str | None) -> None:
    for step in (StepName.CANCEL, StepName.DECLINE):
        answer = judge(step, visit(Status.PENDING), {Actor.STAFF}, START - HOUR, reason)
        assert answer == Refused(RefusalKind.REASON_MISSING, step, Status.PENDING)
    assert isinstance(judge(StepName.CANCEL, visit(Status.PENDING), {Actor.PATIENT}, START - HOUR, reason), Allowed)


def test_a_booking_that_waits_for_its_payment() -> None:
    pay_by = START - 2 * HOUR
    waiting = visit(Status.PENDING, pay_by)
    before = pay_by - SECOND
    confirm = judge(StepName.CONFIRM, waiting, {Actor.ADMIN}, before)
    assert confirm == Refused(RefusalKind.UNPAID, StepName.CONFIRM, Status.PENDING)
    assert isinstance(judge(StepName.CONFIRM, waiting, {Actor.SERVER}, before), Allowed)
    assert isinstance(judge(StepName.RESCHEDULE, waiting, {Actor.PATIENT}, before), Allowed)
    moved = judge(StepName.RESCHEDULE, waiting, {Actor.PATIENT}, pay_by)
    assert moved == Refused(RefusalKind.UNPAID, StepName.RESCHEDULE, Status.PENDING, pay_by)
    assert isinstance(judge(StepName.CANCEL, waiting, {Actor.PATIENT}, pay_by), Allowed)


def test_who_is_two_people_may_what_either_may() -> None:
    both = {Actor.PATIENT, Actor.STAFF}
    assert isinstance(judge(StepName.CANCEL, visit(Status.CONFIRMED), both, START - HOUR), Allowed)
    # As a patient too late, as staff without a reason: the answer names what can still be mended.
    late = judge(StepName.CANCEL, visit(Status.CONFIRMED), both, START)
    assert late == Refused(RefusalKind.REASON_MISSING, StepName.CANCEL, Status.CONFIRMED)
    assert isinstance(judge(StepName.CHECK_IN, visit(Status.CONFIRMED), both, START), Allowed)


@pytest.mark.parametrize(
    ("step", "status", "actor", "now", "code"),
    [
        (StepName.CHECK_IN, Status.PENDING, Actor.STAFF, START, ErrorCode.INVALID_TRANSITION),
        (StepName.CHECK_IN, Status.CONFIRMED, Actor.STAFF, START - DAY, ErrorCode.INVALID_TRANSITION),
        (StepName.CHECK_IN, Status.CONFIRMED, Actor.STAFF, START + 2 * DAY, ErrorCode.INVALID_TRANSITION),
        (StepName.CANCEL, Status.CONFIRMED, Actor.PATIENT, START, ErrorCode.TOO_LATE_TO_CANCEL),
        (StepName.RESCHEDULE, Status.CONFIRMED, Actor.PATIENT, START, ErrorCode.TOO_LATE_TO_RESCHEDULE),
        (StepName.DECLINE, Status.PENDING, Actor.STAFF, START, ErrorCode.VALIDATION_ERROR),
    ],
)
def test_what_is_refused_has_its_code(
    step: StepName, status: Status, actor: Actor, now: datetime, code: ErrorCode
) -> None:
    with pytest.raises(Refusal) as refused:
        check_step(step, visit(status), {actor}, now)
    assert [problem.code for problem in refused.value.problems] == [code]


def test_a_refusal_says_when_and_another_one_is_no_part_of_the_answer() -> None:
    with pytest.raises(Refusal, match="possible from 2026-06-01T07:00:00Z"):
        check_step(StepName.CHECK_IN, visit(Status.CONFIRMED), {Actor.STAFF}, START - DAY)
    with pytest.raises(Refusal, match="confirmed by its payment"):
        check_step(StepName.CONFIRM, visit(Status.PENDING, START), {Actor.STAFF}, START - DAY)
    with pytest.raises(Refusal, match="was not paid by 2026-06-01T09:00:00Z"):
        check_step(StepName.RESCHEDULE, visit(Status.PENDING, START), {Actor.STAFF}, START)
    with pytest.raises(Forbidden):
        check_step(StepName.CONFIRM, visit(Status.PENDING), {Actor.PATIENT}, START)
    assert check_step(StepName.START, visit(Status.CHECKED_IN), {Actor.DOCTOR}, START).to is Status.IN_PROGRESS


def test_as_what_a_viewer_acts() -> None:
    def of(viewer: Viewer) -> set[Actor]:
        return set(actors(viewer, is_own=viewer.patient_id == 1, doctor_id=2, clinic_id=3))

    assert of(ANONYMOUS) == set()
    assert of(Viewer(user_id=9, roles=frozenset({Role.PATIENT}), patient_id=1)) == {Actor.PATIENT}
    assert of(Viewer(user_id=9, roles=frozenset({Role.PATIENT}), patient_id=4)) == set()
    assert of(Viewer(user_id=9, roles=frozenset({Role.DOCTOR}), doctor_id=2, patient_id=4)) == {Actor.DOCTOR}
    assert of(Viewer(user_id=9, roles=frozenset({Role.STAFF}), clinic_ids=(3,))) == {Actor.STAFF}
    manager = Viewer(user_id=9, roles=frozenset({Role.MANAGER}), clinic_ids=(3, 4))
    assert of(manager) == {Actor.STAFF, Actor.MANAGER}
    assert of(Viewer(user_id=9, roles=frozenset({Role.MANAGER}), clinic_ids=(4,))) == set()
    assert of(Viewer(user_id=9, roles=frozenset({Role.ADMIN}))) == {Actor.ADMIN}
    assert of(Viewer(client_id="portal", is_service=True)) == {Actor.SERVICE}


def test_a_row_as_the_table_sees_it() -> None:
    zone = ZoneInfo("Europe/Berlin")
    row = {"status": "PENDING", "starts_at": START, "ends_at": END, "local_day": date(2026, 6, 1), "pay_by": START}
    assert visit_of(row, zone) == Visit(Status.PENDING, START, END, DAY_END, START)
    assert visit_of({**row, "status": "CONFIRMED"}, zone).pay_by is None


def test_a_day_ends_when_its_clock_leaves_it_for_good() -> None:
    # 24:00 becomes 23:00, so that the day has 25 hours.
    assert end_of_day(ZoneInfo("Africa/Cairo"), date(2026, 10, 29)) == datetime(2026, 10, 29, 22, tzinfo=UTC)
    assert end_of_day(ZoneInfo("UTC"), date(2026, 10, 29)) == datetime(2026, 10, 30, tzinfo=UTC)


def test_the_document_is_the_table() -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        DOCUMENT.write_text(document())
    assert DOCUMENT.read_text() == document()
