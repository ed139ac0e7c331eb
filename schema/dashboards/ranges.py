"""Ranges of days."""

from datetime import date
from typing import Annotated

import strawberry

from schema.errors import BadUserInput
from schema.fields import described

LONGEST = 366
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)


@strawberry.input(
    description="Whole days, both ends included, at most 366. Each clinic counts them in its own time zone."
)
class DateRange:
    from_: date = described("The first day.", name="from")
    to: date = described("The last day.")


RangeAsked = Annotated[DateRange, strawberry.argument(description="Of which days.")]


def checked(range: DateRange) -> tuple[date, date]:
    """The first and the last day. Raises BadUserInput for a range that cannot be."""
    if range.to < range.from_:
        raise BadUserInput("range: to must not be before from")
    if not EARLIEST <= range.from_ <= range.to <= LATEST:
        raise BadUserInput(f"range must be within {EARLIEST} to {LATEST}")
    days = (range.to - range.from_).days + 1
    if days > LONGEST:
        raise BadUserInput(f"range must be at most {LONGEST} days, not {days}")
    return range.from_, range.to
