"""The calendar: random rotas against the naive oracle, and each rule once in plain sight."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.scheduling.availability import ClinicDays, DatedException, Template
from domain.scheduling.calendar import LeftOutBecause, Plan, plan
from domain.scheduling.unplanned import Unplanned, why_unplanned
from models import AvailabilityException, AvailabilityTemplate
from models.enums import AvailabilityExceptionKind as Kind
from tests.domain.scheduling.minute_by_minute import naive_plan

MONDAY = date(2026, 3, 23)
TUESDAY = date(2026, 3, 24)
# The clocks of Berlin, Beirut and Lord Howe change between these days; Kathmandu's stand at a quarter to.
FIRST, LAST = date(2026, 3, 27), date(2026, 4, 5)
ZONES = [ZoneInfo(n) for n in ("Europe/Berlin", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")]

days = st.dates(FIRST, LAST)
clock_times = st.integers(0, 24 * 12 - 1).map(lambda n: time(n // 12, n % 12 * 5))
hours = st.tuples(clock_times, clock_times).filter(lambda pair: pair[0] < pair[1])


validity = st.tuples(days, st.none() | days).filter(lambda pair: pair[1] is None or pair[0] <= pair[1])


@st.composite
def templates(draw: Any) -> list[Template]:
    made = []
    for number in range(draw(st.integers(1, 8))):
        (starts_at, ends_at), (valid_from, valid_until) = draw(hours), draw(validity)
        made.append(
            Template(
                id=number,
                clinic_id=draw(st.integers(1, 2)),
                weekday=draw(st.integers(1, 7)),
                starts_at=starts_at,
                ends_at=ends_at,
                slot_minutes=draw(st.integers(1, 30)) * 5,
                valid_from=valid_from,
                valid_until=valid_until,
                buffer_minutes=draw(st.sampled_from([0, 0, 5, 10, 240])),
                capacity=draw(st.integers(1, 4)),
            )
        )
    return made


@st.composite
def exceptions(draw: Any) -> list[DatedException]:
    made = []
    for number in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(Kind))
        extra = kind is Kind.EXTRA_HOURS
        starts_at, ends_at = draw(hours) if extra or draw(st.booleans()) else (None, None)
        clinic_id = draw(st.sampled_from([1, 2] if extra else [1, 2, None]))
        minutes = draw(st.integers(1, 9)) * 5
        made.append(DatedException(number, kind, draw(days), clinic_id, starts_at, ends_at, minutes))
    return made


clinics = st.fixed_dictionaries(
    {n: st.builds(ClinicDays, st.sampled_from(ZONES), st.frozensets(days, max_size=2)) for n in (1, 2)}
)
taken = st.lists(
    st.tuples(st.integers(0, 12 * 24 * 60), st.integers(1, 300)).map(
        lambda pair: tuple(datetime(2026, 3, 26, tzinfo=UTC) + timedelta(minutes=each) for each in (pair[0], sum(pair)))
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=120)
@given(templates(), exceptions(), clinics, taken)
def test_any_rota_as_the_oracle_has_it(
    weekly: list[Template],
    dated: list[DatedException],
    places: dict[int, ClinicDays],
    busy: list[tuple[datetime, datetime]],
) -> None:
    found = plan(weekly, dated, places, first=FIRST, last=LAST, taken=busy)
    assert list(found.slots) == naive_plan(weekly, dated, places, first=FIRST, last=LAST, taken=busy)
    assert all(a.blocked_until <= b.starts_at for a, b in pairwise(found.slots))
    # The order in which the rows were read does not matter, and what was made stays.
    assert plan(weekly[::-1], dated[::-1], places, first=FIRST, last=LAST, taken=busy[::-1]) == found
    again = plan(weekly, dated, places, first=FIRST, last=LAST, taken=busy + windows_of(found))
    assert again.slots == ()


@settings(deadline=None, max_examples=60)
@given(templates(), exceptions(), clinics, days)
def test_a_range_made_in_two_parts_never_overlaps_itself(
    weekly: list[Template], dated: list[DatedException], places: dict[int, ClinicDays], middle: date
) -> None:
    one = plan(weekly, dated, places, first=FIRST, last=middle)
    two = plan(weekly, dated, places, first=middle, last=LAST, taken=windows_of(one))
    both = sorted(one.slots + two.slots, key=lambda slot: slot.starts_at)
    assert all(a.blocked_until <= b.starts_at for a, b in pairwise(both))


def windows_of(found: Plan) -> list[tuple[datetime, datetime]]:
    return [(slot.starts_at, slot.blocked_until) for slot in found.slots]


MORNING = Template(7, 1, 1, time(9), time(10), 20, date(2026, 1, 1))
BERLIN = {1: ClinicDays(ZoneInfo("Europe/Berlin")), 2: ClinicDays(ZoneInfo("Europe/London"))}


def made(
    *weekly: Template,
    dated: tuple[DatedException, ...] = (),
    places: dict[int, ClinicDays] | None = None,
    busy: tuple[tuple[datetime, datetime], ...] = (),
) -> tuple[list[str], list[str]]:
    """The slots of that Monday as times in Berlin, and what was left out, with why."""
    found = plan(weekly, dated, places or BERLIN, first=MONDAY, last=MONDAY, taken=busy)
    berlin = ZoneInfo("Europe/Berlin")
    return (
        [f"{slot.starts_at.astimezone(berlin):%H:%M}" for slot in found.slots],
        [f"{each.slot.starts_at.astimezone(berlin):%H:%M} {each.because}" for each in found.left_out],
    )


def test_a_template_offers_what_fits() -> None:
    assert made(MORNING) == (["09:00", "09:20", "09:40"], [])
    assert made(replace(MORNING, slot_minutes=25)) == (["09:00", "09:25"], [])
    assert made(replace(MORNING, buffer_minutes=5)) == (["09:00", "09:25"], [])
    # The last buffer may run past the end of work.
    assert made(replace(MORNING, slot_minutes=30, buffer_minutes=5, ends_at=time(10, 5))) == (["09:00", "09:35"], [])
    assert made(replace(MORNING, slot_minutes=61)) == ([], [])
    assert made(replace(MORNING, weekday=2)) == ([], [])


def test_a_slot_has_what_its_template_says() -> None:
    slot = plan([replace(MORNING, buffer_minutes=5, capacity=3)], [], BERLIN, first=MONDAY, last=MONDAY).slots[0]
    eight = datetime(2026, 3, 23, 8, tzinfo=UTC)
    assert slot == (1, eight, eight + timedelta(minutes=20), eight + timedelta(minutes=25), MONDAY, 3, 7)


def test_a_template_is_valid_from_its_first_to_its_last_day() -> None:
    assert made(replace(MORNING, valid_from=MONDAY, valid_until=MONDAY))[0]
    assert not made(replace(MORNING, valid_from=TUESDAY))[0]
    assert not made(replace(MORNING, valid_until=MONDAY - timedelta(days=1)))[0]


def test_leave_takes_what_it_touches() -> None:
    leave = DatedException(1, Kind.LEAVE, MONDAY, None, time(9, 20), time(9, 41))
    assert made(MORNING, dated=(leave,)) == (["09:00"], ["09:20 LEAVE", "09:40 LEAVE"])
    assert made(MORNING, dated=(replace(leave, clinic_id=2),))[1] == []
    whole = replace(leave, starts_at=None, ends_at=None)
    assert made(MORNING, dated=(whole,)) == ([], ["09:00 LEAVE", "09:20 LEAVE", "09:40 LEAVE"])
    assert made(MORNING, dated=(replace(whole, day=TUESDAY),))[1] == []
    assert made(MORNING, dated=(replace(whole, kind=Kind.HOLIDAY),))[1][0] == "09:00 HOLIDAY"


def test_a_closed_clinic_offers_nothing_and_the_other_still_does() -> None:
    closed = {**BERLIN, 1: replace(BERLIN[1], closures=frozenset({MONDAY}))}
    other = replace(MORNING, id=8, clinic_id=2)
    assert made(MORNING, other, places=closed) == (
        ["10:00", "10:20", "10:40"],
        ["09:00 CLOSED", "09:20 CLOSED", "09:40 CLOSED"],
    )


def test_extra_hours_add_one_seat_each_but_not_on_leave() -> None:
    extra = DatedException(1, Kind.EXTRA_HOURS, MONDAY, 1, time(18), time(19), 30)
    assert made(dated=(extra,)) == (["18:00", "18:30"], [])
    assert [slot[5:] for slot in plan([], [extra], BERLIN, first=MONDAY, last=MONDAY).slots] == [(1, None)] * 2
    leave = DatedException(2, Kind.LEAVE, MONDAY)
    assert made(dated=(extra, leave))[0] == []


def test_the_earlier_start_wins_then_extra_hours_then_the_lower_id() -> None:
    later = replace(MORNING, id=1, starts_at=time(9, 10))
    assert made(later, MORNING) == (["09:00", "09:20", "09:40"], ["09:10 OVERLAP", "09:30 OVERLAP"])
    extra = DatedException(9, Kind.EXTRA_HOURS, MONDAY, 1, time(9), time(9, 30), 30)
    assert made(MORNING, dated=(extra,)) == (["09:00", "09:40"], ["09:00 OVERLAP", "09:20 OVERLAP"])
    lower = replace(MORNING, id=3, capacity=5)
    assert {s.template_id for s in plan([MORNING, lower], [], BERLIN, first=MONDAY, last=MONDAY).slots} == {3}


def test_two_clinics_in_two_zones_do_not_overlap() -> None:
    assert made(MORNING, replace(MORNING, clinic_id=2, id=8, starts_at=time(9)))[1] == []
    london = replace(MORNING, clinic_id=2, id=8, starts_at=time(8, 10), ends_at=time(8, 50))
    assert made(MORNING, london) == (["09:00", "09:20", "09:40"], ["09:10 OVERLAP", "09:30 OVERLAP"])


def test_what_is_there_already_wins_even_if_it_starts_later() -> None:
    nine_thirty = datetime(2026, 3, 23, 8, 30, tzinfo=UTC)
    there = (nine_thirty, nine_thirty + timedelta(seconds=30))
    assert made(MORNING, busy=(there,)) == (["09:00", "09:40"], ["09:20 TAKEN"])
    touching = (nine_thirty - timedelta(minutes=10), nine_thirty)
    assert made(replace(MORNING, slot_minutes=10), busy=(touching,)) == (
        ["09:00", "09:10", "09:30", "09:40", "09:50"],
        ["09:20 TAKEN"],
    )


def test_an_empty_range_has_no_slots() -> None:
    assert plan([MORNING], [], BERLIN, first=TUESDAY, last=MONDAY) == Plan((), ())


def test_templates_and_exceptions_are_their_rows() -> None:
    row = {column.name: None for column in AvailabilityTemplate.__table__.columns} | {
        name: getattr(MORNING, name) for name in Template.__dataclass_fields__
    }
    assert Template.of(row) == MORNING
    leave = DatedException(1, Kind.LEAVE, MONDAY, 2)
    row = {column.name: None for column in AvailabilityException.__table__.columns}
    assert DatedException.of(row | {"id": 1, "kind": "LEAVE", "day": MONDAY, "clinic_id": 2}) == leave


def test_why_a_time_is_not_in_the_calendar() -> None:
    leave = DatedException(1, Kind.LEAVE, MONDAY, None, time(9, 40), time(10))
    found = plan([replace(MORNING, slot_minutes=15, buffer_minutes=5)], [leave], BERLIN, first=MONDAY, last=MONDAY)

    def why(clock: str, clinic_id: int = 1) -> object:
        return why_unplanned(found, clinic_id, datetime.fromisoformat(f"2026-03-23T{clock}+01:00"))

    assert why("09:20") is None
    assert why("09:40") is LeftOutBecause.LEAVE
    assert why("09:05") is why("09:37") is why("09:45") is Unplanned.OFF_BEAT
    assert why("08:00") is why("10:00") is why("09:20", clinic_id=2) is Unplanned.NO_HOURS
