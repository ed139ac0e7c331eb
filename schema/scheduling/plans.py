"""Who sees plans, and asking for them."""

from datetime import date
from typing import Annotated

import strawberry

from loaders.scheduling.availability import AvailabilityExceptionsOfDoctor
from schema.context import Info
from schema.directives import RequiresScopes
from schema.errors import BadUserInput

PLANS = RequiresScopes(scopes=[["slot:write"], ["appointment:read"]])
"""Who plans, and who reads agendas; which doctors' is visibility."""

LONGEST = 366

From = Annotated[date, strawberry.argument(name="from", description="The first day.")]
To = Annotated[date, strawberry.argument(description="The last day; at most 366 days.")]


def availability_exceptions(info: Info, from_: From, to: To) -> AvailabilityExceptionsOfDoctor:
    """Asks for a doctor's exceptions on these days. Raises BadUserInput."""
    if to < from_:
        raise BadUserInput("to must not be before from")
    if (to - from_).days >= LONGEST:
        raise BadUserInput(f"from and to must be at most {LONGEST} days apart")
    return info.context.loaders.get(AvailabilityExceptionsOfDoctor, from_, to)
