"""What one request carries to every resolver."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

import strawberry

from auth.oauth.configuration import Configuration
from auth.viewer import Viewer
from gateways.payments import PaymentGateway
from loaders.connections import Connections
from loaders.loader import Loaders
from loaders.reads import Reads


class Rate(NamedTuple):
    """What its caller may still ask `now`: cost a minute. `reset_at` is when all of it is there again."""

    limit: int
    cost: int
    remaining: int
    now: datetime
    seconds_to_full: float

    @property
    def reset_at(self) -> datetime:
        return self.now + timedelta(seconds=self.seconds_to_full)


@dataclass(frozen=True)
class Context:
    """Who asks, at which instant, how rows are read, and the connections that mutations write over.

    `happened` is called after a commit that left events. `gateway` is where patients pay, and `address` where they find
    us, without a final slash. `installation` is what people's credentials rest on, unless they sign in elsewhere.
    `rate` is what the caller may still ask, if there is a limit.
    """

    viewer: Viewer
    now: datetime
    request_id: str
    reads: Reads
    loaders: Loaders
    writes: Connections
    happened: Callable[[], None]
    gateway: PaymentGateway | None = field(default=None, kw_only=True)
    address: str = field(default="", kw_only=True)
    installation: Configuration | None = field(default=None, kw_only=True)
    rate: Rate | None = field(default=None, kw_only=True)


Info: TypeAlias = strawberry.Info[Context, None]
