"""Every clock change of 2024 to 2028, as this machine's IANA database tells them."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

Changes = tuple[tuple[datetime, timedelta, timedelta], ...]
"""When (UTC), the offset before, the offset after."""

SAMPLES = [datetime(2023, 12, 31, tzinfo=UTC) + timedelta(days=day) for day in range(366 * 5 + 2)]


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    found = moment.astimezone(zone).utcoffset()
    assert found is not None
    return found


def changes_of(zone: ZoneInfo) -> Changes:
    found = []
    offsets = [offset(zone, sample) for sample in SAMPLES]
    for (day, before), (next_day, after) in pairwise(zip(SAMPLES, offsets, strict=True)):
        if before != after:
            low, high = day, next_day
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            found.append((high.replace(microsecond=0), before, after))
    return tuple(found)


@cache
def zones_by_changes() -> dict[Changes, list[str]]:
    """The names of the zones that change, those that change alike together."""
    groups: dict[Changes, list[str]] = {}
    for name in sorted(zoneinfo.available_timezones()):
        if changes := changes_of(ZoneInfo(name)):
            groups.setdefault(changes, []).append(name)
    return groups
