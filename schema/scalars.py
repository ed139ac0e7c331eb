"""Scalars that GraphQL does not have: instants, days, money's minor units."""

from datetime import UTC, date, datetime, time
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

MinorUnits = NewType("MinorUnits", int)
EXACT = 2**53 - 1


def read_instant(value: object) -> datetime:
    """An instant from RFC 3339 text; refuses one without zone, because nobody can know which is meant."""
    if not isinstance(value, str):
        raise GraphQLError("DateTime expects a text such as 2026-03-01T09:00:00Z")
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None or "T" not in value.upper():
            raise ValueError
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError(f"{value[:40]!r} is not an instant with a zone, such as 2026-03-01T09:00:00Z") from None


def as_it_is(value: datetime | date) -> datetime | date:
    """Left to the JSON encoder, which writes them much faster (`server.answers.encode`)."""
    return value


def read_day(value: object) -> date:
    """A calendar day from text such as 2026-03-01."""
    try:
        if isinstance(value, str) and len(value) == len("2026-03-01"):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise GraphQLError(f"{str(value)[:40]!r} is not a day such as 2026-03-01")


def read_clock(value: object) -> time:
    """A time of a clock from text such as 09:30."""
    try:
        if isinstance(value, str) and len(value) == len("09:30"):
            return time.fromisoformat(value)
    except ValueError:
        pass
    raise GraphQLError(f"{str(value)[:40]!r} is not a time such as 09:30")


def write_clock(value: time) -> str:
    return value.isoformat("minutes")


def read_minor_units(value: object) -> int:
    """A whole number that JSON carries exactly."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > EXACT:
        raise GraphQLError(f"{str(value)[:40]!r} is not a whole number of minor units")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, RFC 3339, in UTC: `2026-03-01T09:00:00Z`. Input in any zone, but never without one.",
        serialize=as_it_is,
        parse_value=read_instant,
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar day, `2026-03-01`; where it belongs to a clinic, in the clinic's time zone.",
        serialize=as_it_is,
        parse_value=read_day,
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
    ),
    time: strawberry.scalar(
        name="LocalTime",
        description="A time as a clinic's clock shows it, from `00:00` to `23:59`.",
        serialize=write_clock,
        parse_value=read_clock,
    ),
    MinorUnits: strawberry.scalar(
        name="MinorUnits",
        description="A whole number of a currency's minor units (cents), at most 2^53 - 1 either way.",
        serialize=int,
        parse_value=read_minor_units,
    ),
}
