"""What a caller may still ask."""

from datetime import datetime

import strawberry

from schema.fields import described


@strawberry.type(
    description="How much of its rate of cost a caller has used. It fills again steadily, within a minute."
)
class RateLimit:
    limit: int = described("The cost that may be asked at once, and in each minute.")
    cost: int = described("What this operation costs.")
    remaining: int = described("The cost that may still be asked.")
    reset_at: datetime = described("When all of it is there again, if nothing more is asked.")
