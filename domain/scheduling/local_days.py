"""A clinic's local day as stretches of real time: the one place that knows about clock changes.

Instants are whole seconds since 1970 UTC; clock times are whole seconds since midnight, as the clock shows them.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

HOUR = 3600
DAY = 24 * HOUR
EPOCH_DAY = date(1970, 1, 1).toordinal()
FARTHEST_OFFSET = 26 * HOUR
"""No zone is or was further from UTC."""


class Stretch(NamedTuple):
    """[begin, end), in which the clock shows `instant - zero`. A day has one, or more if the clock changes in it."""

    begin: int
    end: int
    zero: int


class Window(NamedTuple):
    """[begin, end) of real time."""

    begin: int
    end: int


def seconds(clock: time) -> int:
    """A clock time, without its fraction of a second."""
    return clock.hour * HOUR + clock.minute * 60 + clock.second


@lru_cache(maxsize=16_384)
def local_day(zone: ZoneInfo, day: date) -> tuple[Stretch, ...]:
    """The stretches of a local day in their order; none for a day that the zone left out."""
    zero = (day.toordinal() - EPOCH_DAY) * DAY
    midnight = datetime.combine(day, time(), zone)
    offset = _seconds(midnight)
    # A change at the day's last moment makes the night after it ambiguous or missing: `fold` then looks behind it.
    if offset == _seconds(midnight.replace(hour=12)) == _seconds((midnight + timedelta(days=1)).replace(fold=1)):
        return (Stretch(zero - offset, zero - offset + DAY, zero - offset),)
    return tuple(_stretches(zone, zero))


def is_plain(day: tuple[Stretch, ...]) -> bool:
    """Whether the clock shows every time of the day once."""
    return len(day) == 1 and day[0].end - day[0].begin == DAY


def first_instant(day: tuple[Stretch, ...], clock: int) -> int | None:
    """When the clock shows `clock` for the first time that day (PEP 495: fold 0); None if it never does."""
    for stretch in day:
        if stretch.begin <= stretch.zero + clock < stretch.end:
            return stretch.zero + clock
    return None


def windows(day: tuple[Stretch, ...], opens: int, closes: int) -> list[Window]:
    """When the clock shows `opens` or later, and not yet `closes`. What comes twice is in it twice."""
    found: list[Window] = []
    for stretch in day:
        begin, end = max(stretch.begin, stretch.zero + opens), min(stretch.end, stretch.zero + closes)
        if begin >= end:
            continue
        if found and found[-1].end == begin:
            begin = found.pop().begin
        found.append(Window(begin, end))
    return found


def _stretches(zone: ZoneInfo, zero: int) -> list[Stretch]:
    """The long way, for days with a change: looks for changes from hour to hour, then to the second."""
    edges = [zero - FARTHEST_OFFSET]
    for hour in range(zero - FARTHEST_OFFSET, zero + DAY + FARTHEST_OFFSET, HOUR):
        if _offset_at(zone, hour) != _offset_at(zone, hour + HOUR):
            before, after = hour, hour + HOUR
            while after - before > 1:
                middle = (before + after) // 2
                if _offset_at(zone, middle) == _offset_at(zone, hour):
                    before = middle
                else:
                    after = middle
            edges.append(after)
    edges.append(zero + DAY + FARTHEST_OFFSET)
    found = []
    for begin, end in pairwise(edges):
        start = zero - _offset_at(zone, begin)
        if max(begin, start) < min(end, start + DAY):
            found.append(Stretch(max(begin, start), min(end, start + DAY), start))
    return found


def _offset_at(zone: ZoneInfo, instant: int) -> int:
    return _seconds(datetime.fromtimestamp(instant, UTC).astimezone(zone))


def _seconds(moment: datetime) -> int:
    offset = moment.utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
