"""When a dependant's guardian answers for her no more."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from asyncpg import Record

from domain.standards import MAJORITY, MAJORITY_ELSEWHERE


def of_age_at(born: date, country: str, time_zone: str) -> datetime:
    """Midnight, in the zone, of the birthday on which she comes of age in the country. Who was born on 29 February
    does so on 1 March where there is none."""
    year = born.year + MAJORITY_ELSEWHERE.get(country, MAJORITY)
    try:
        birthday = born.replace(year=year)
    except ValueError:
        birthday = date(year, 3, 1)
    return datetime.combine(birthday, time(), ZoneInfo(time_zone)).astimezone(UTC)


def is_answered_for(patient: Record, now: datetime) -> bool:
    """Whether a guardian answers for her."""
    return patient["of_age_at"] is not None and patient["of_age_at"] > now


def was_ended(patient: Record, country: str, time_zone: str) -> bool:
    """Whether her guardian ceased to answer for a dependant before she came of age."""
    ended: bool = patient["of_age_at"] < of_age_at(patient["date_of_birth"], country, time_zone)
    return ended
