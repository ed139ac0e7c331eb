"""Time as the seed counts it: instants are seconds since 1970 UTC, days are proleptic ordinals.

Whole columns of instants stay arrays of integers until they reach the wire (see `load`).
"""

from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
EPOCH_DAY = date(1970, 1, 1).toordinal()


def midnight(now: datetime) -> int:
    """The instant a seed takes as its present: 00:00 UTC of that day, so that a day's seeds are all equal."""
    return (date.toordinal(now.astimezone(UTC).date()) - EPOCH_DAY) * DAY


def ordinal_of(instant: int) -> int:
    return EPOCH_DAY + instant // DAY


def weekday_of(day: int) -> int:
    """ISO weekday: 1 is Monday (as was day 1)."""
    return (day - 1) % 7 + 1


@cache
def local_start(zone: str, day: int) -> int:
    """The instant that `minutes since local midnight` is counted from, with the offset the zone has at noon.

    Right from 04:00 to 23:00, which is when the seeded clinics work: clocks change in the small hours.
    """
    noon = datetime.combine(date.fromordinal(day), datetime.min.time(), ZoneInfo(zone)).replace(hour=12)
    return int(noon.timestamp()) - 12 * HOUR
