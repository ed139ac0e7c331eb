"""How much a caller may still ask."""

from typing import cast

import strawberry

from schema.context import Info
from schema.fields import described
from schema.rate_limit import RateLimit


def rate_limit(info: Info) -> RateLimit | None:
    return cast("RateLimit | None", info.context.rate)


@strawberry.type
class RateLimitQueries:
    rate_limit: RateLimit | None = described(
        "What the caller may still ask; null where there is no limit.", resolver=rate_limit
    )
