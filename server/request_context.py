"""What resolvers know of the request that they work for."""

from collections.abc import Callable
from datetime import datetime

from auth.oauth.configuration import Configuration
from auth.viewer import Viewer
from gateways.payments import PaymentGateway
from loaders.loader import Loaders
from loaders.reads import Asked, Pools, Reads
from schema.context import Context, Rate
from server.rate_limits import Taken


def rate_of(taken: Taken | None, now: datetime) -> Rate | None:
    """What is left to a caller, as the schema tells it."""
    if taken is None:
        return None
    return Rate(taken.limit, taken.cost, taken.remaining, now, taken.seconds_to_full)


def make_context(
    pools: Pools,
    viewer: Viewer,
    now: datetime,
    request_id: str,
    asked: Asked,
    happened: Callable[[], None],
    *,
    gateway: PaymentGateway | None = None,
    address: str = "",
    installation: Configuration | None = None,
    rate: Rate | None = None,
    loaders: Callable[[Reads], Loaders] = Loaders,
) -> Context:
    """What a request carries, with loaders of its own."""
    reads = Reads(pools, viewer, now, asked)
    return Context(
        viewer=viewer,
        now=now,
        request_id=request_id,
        reads=reads,
        loaders=loaders(reads),
        writes=pools.writes,
        happened=happened,
        gateway=gateway,
        address=address,
        installation=installation,
        rate=rate,
    )
