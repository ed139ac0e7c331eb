"""What the application is put together from. `server.tracing` gives the same parts with somebody who watches.

So a server that is not watched pays nothing for it: its parts do not know that they could be.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import strawberry
from starlette.types import ASGIApp

from gateways.payments import PaymentGateway
from gateways.payments.guarded import GuardedGateway
from loaders.connections import Connect, Connections
from loaders.events import Events
from models.clock import Clock
from server.endpoint import Endpoint
from server.executors import executor_class
from server.operating import Traces
from server.settings import ExecutorName
from server.streams import Operations
from server.wire import Wire
from worker.chores import Chore


class Parts:
    """The parts as they are."""

    def executor(self, name: ExecutorName) -> Any:
        return executor_class(name)

    def endpoint(self, schema: strawberry.Schema, clock: Clock, wire: Wire) -> Endpoint:
        return Endpoint(schema, clock, wire)

    def operations(self, endpoint: Endpoint, events: Events) -> Operations:
        return Operations(endpoint, events)

    def connections(self, connect: Connect, size: int) -> Connections:
        return Connections(connect, size)

    def front(self, app: ASGIApp) -> ASGIApp:
        return app

    def gateway(self, gateway: PaymentGateway) -> GuardedGateway:
        return GuardedGateway(gateway)

    def headers(self) -> Mapping[str, str]:
        """What requests to gateways say beside what they are about."""
        return {}

    def chores(self, chores: Sequence[Chore]) -> Sequence[Chore]:
        return chores

    async def close(self) -> None:
        """Once nothing is done any more."""


PLAIN = Parts()


def parts_for(traces: Traces) -> Parts:
    """The parts that tell what they do to where the environment says, or nobody."""
    if traces is Traces.NONE:
        return PLAIN
    from server.tracing import telling  # what nobody asks for is not even loaded

    return telling(traces)
