"""The calendar over clock changes: every zone against the naive oracle, and the notable ones spelled out."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.scheduling.availability import ClinicDays, DatedException, Template
from domain.scheduling.calendar import LeftOutBecause, plan
from models.enums import AvailabilityExceptionKind as Kind
from tests.domain.scheduling.clock_changes import zones_by_changes
from tests.domain.scheduling.minute_by_minute import naive_plan

LONG_AGO = date(2000, 1, 1)


def every_day(id: int, starts: str, ends: str, minutes: int, *, buffer: int = 0, capacity: int = 1) -> list[Template]:
    hours = time.fromisoformat(starts), time.fromisoformat(ends)
    return [
        Template(id * 10 + weekday, 1, weekday, *hours, minutes, LONG_AGO, None, buffer, capacity)
        for weekday in range(1, 8)
    ]


# Round the clock; buffers, an odd beat and two templates that overlap; short and long slots with edges in the change.
ROTAS = [
    every_day(1, "00:00", "23:59", 30),
    every_day(1, "00:15", "23:50", 45, buffer=10, capacity=3) + every_day(2, "00:40", "04:00", 20),
    every_day(1, "00:00", "01:30", 5)
    + every_day(2, "01:30", "02:30", 60)
    + every_day(3, "02:30", "05:20", 40)
    + every_day(4, "21:10", "23:59", 25, buffer=5),
]


def interruptions(days: list[date]) -> list[DatedException]:
    """Leave in the small hours of the first day, a holiday's evening, and extra hours in the change."""
    first, last = days[0], days[-1]
    return [
        DatedException(1, Kind.LEAVE, last, None, time(2, 10), time(2, 40)),
        DatedException(2, Kind.HOLIDAY, first, 1, time(23, 20), time(23, 40)),
        DatedException(3, Kind.EXTRA_HOURS, last, 1, time(1, 10), time(3, 5), 20),
    ]


def test_every_clock_change_of_every_zone_as_the_oracle_has_it() -> None:
    zones = zones_by_changes()
    names = {name for group in zones.values() for name in group}
    notable = {"Asia/Beirut", "America/Santiago", "Africa/Cairo", "Africa/Casablanca", "Australia/Lord_Howe"}
    assert notable | {"Pacific/Chatham", "Australia/Adelaide", "America/Havana", "America/St_Johns"} <= names
    assert len(names) > 150
    for changes, alike in zones.items():
        for at, before, after in changes:
            days = sorted({(at + before - timedelta(seconds=1)).date(), (at + after).date()})
            compared = [
                (rota, exceptions, naive_plan(rota, exceptions, clinic(alike[0]), first=days[0], last=days[-1]))
                for rota in ROTAS
                for exceptions in ([], interruptions(days))
            ]
            for name in alike:
                for rota, exceptions, expected in compared:
                    found = plan(rota, exceptions, clinic(name), first=days[0], last=days[-1])
                    assert list(found.slots) == expected, (name, at)


def clinic(zone: str, *closures: date) -> dict[int, ClinicDays]:
    return {1: ClinicDays(ZoneInfo(zone), frozenset(closures))}


def starts(zone: str, day: str, rota: list[Template]) -> list[str]:
    """Start and end of each slot as the clock shows them, and the UTC offset at the start."""
    on = date.fromisoformat(day)
    found = plan(rota, [], clinic(zone), first=on, last=on).slots
    local = [(slot.starts_at.astimezone(ZoneInfo(zone)), slot.ends_at.astimezone(ZoneInfo(zone))) for slot in found]
    return [f"{start:%H:%M}-{end:%H:%M} {start:%z}" for start, end in local]


@pytest.mark.parametrize(
    ("zone", "day", "hours", "minutes", "expected"),
    [
        # 02:00 becomes 03:00: 02:00 and 02:30 do not exist, and the one before ends as 03:00 begins.
        ("Europe/Berlin", "2026-03-29", ("01:30", "03:30"), 30, ["01:30-03:00 +0100", "03:00-03:30 +0200"]),
        # A long slot that spans the change lasts its real minutes.
        ("Europe/Berlin", "2026-03-29", ("01:00", "04:00"), 90, ["01:00-03:30 +0100"]),
        # 03:00 becomes 02:00: 02:00 and 02:30 are taken the first time, and an hour stays empty.
        ("Europe/Berlin", "2026-10-25", ("02:00", "03:30"), 30,
         ["02:00-02:30 +0200", "02:30-02:00 +0200", "03:00-03:30 +0100"]),
        # Half an hour: 02:00 becomes 02:30 and back 01:30.
        ("Australia/Lord_Howe", "2026-10-04", ("01:45", "03:00"), 15,
         ["01:45-02:30 +1030", "02:30-02:45 +1100", "02:45-03:00 +1100"]),
        ("Australia/Lord_Howe", "2026-04-05", ("01:15", "02:15"), 15,
         ["01:15-01:30 +1100", "01:30-01:45 +1100", "01:45-01:30 +1100", "02:00-02:15 +1030"]),
        # At a quarter to: 02:45 becomes 03:45.
        ("Pacific/Chatham", "2026-09-27", ("02:15", "04:00"), 15,
         ["02:15-02:30 +1245", "02:30-03:45 +1245", "03:45-04:00 +1345"]),
        # Midnight itself is missing.
        ("Asia/Beirut", "2026-03-29", ("00:00", "01:30"), 30, ["01:00-01:30 +0300"]),
        ("America/Santiago", "2026-09-06", ("00:00", "02:00"), 60, ["01:00-02:00 -0300"]),
        # The last hour of the day before comes twice; the day after begins once.
        ("Africa/Cairo", "2026-10-29", ("22:30", "23:59"), 30, ["22:30-23:00 +0300", "23:00-23:30 +0300"]),
        ("Africa/Cairo", "2026-10-30", ("00:00", "01:00"), 30, ["00:00-00:30 +0200", "00:30-01:00 +0200"]),
        # A day that never was.
        ("Pacific/Apia", "2011-12-30", ("09:00", "10:00"), 30, []),
    ],
)  # fmt: skip
def test_the_clock_shows_what_the_template_says(
    zone: str, day: str, hours: tuple[str, str], minutes: int, expected: list[str]
) -> None:
    assert starts(zone, day, every_day(1, *hours, minutes)) == expected


def test_nine_stays_nine_all_year_long() -> None:
    found = plan(every_day(1, "09:00", "10:00", 60), [], clinic("Europe/London"), first=date(2026, 1, 1),
                 last=date(2026, 12, 31)).slots  # fmt: skip
    assert len(found) == 365
    assert {slot.starts_at.astimezone(ZoneInfo("Europe/London")).time() for slot in found} == {time(9)}
    assert {slot.starts_at.hour for slot in found} == {8, 9}
    assert all(slot.ends_at - slot.starts_at == timedelta(hours=1) for slot in found)
    assert all(slot.starts_at.tzinfo is UTC for slot in found)


def test_what_the_change_carries_past_the_end_of_work_is_left_out_and_says_so() -> None:
    on = date(2026, 3, 29)
    found = plan(every_day(1, "01:30", "02:30", 60), [], clinic("Europe/Berlin"), first=on, last=on)
    assert found.slots == ()
    assert [(each.slot.starts_at, each.because) for each in found.left_out] == [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), LeftOutBecause.CLOCK_CHANGE)
    ]
