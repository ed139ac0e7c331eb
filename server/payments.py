"""The payment gateway of this server: its addresses, its webhooks, and what a worker does with it.

payments = Payments(settings)
routes = payments.routes()
async with payments.open(dsn, connections, happened) as gateway: …      # while the application serves
Worker(…, chores=[*CHORES, *payments.chores()])
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta

from starlette.routing import Route

from domain.payments.close_sessions import close_sessions
from domain.payments.finish_request import Begin, finish_gateway_requests
from domain.payments.reconcile import Reconciliation, reconcile
from domain.payments.take_up_event import take_up_event
from domain.session import Session
from gateways.payments import GatewayEvent, GatewayUnavailable, PaymentGateway
from gateways.payments.stripe import StripeGateway
from loaders.connections import Connections
from models.clock import Clock, utc_now
from server.identity import configuration_of
from server.parts import PLAIN, Parts
from server.sandbox import Sandbox
from server.settings import GatewayName, Settings
from server.webhooks import GatewayWebhooks
from worker.chores import HOUR, Chore, Desk
from worker.system import system_session

log = logging.getLogger("clinicgraph.payments")

LOOK_BACK = timedelta(hours=3)
"""How far the hourly reconciliation looks back: further than a gateway is usually away."""
_LOCKS = 7_016_996_765_293_437_400  # any numbers, the same in every process


class Payments:
    """The payment gateway of one process: the one that the settings name, or in tests another.

    Raises what `configuration_of` raises for the sandbox.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock = utc_now,
        gateway: PaymentGateway | None = None,
        *,
        parts: Parts = PLAIN,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._parts = parts
        self._gateways: dict[str, PaymentGateway] = {}
        self._connections: Connections | None = None
        self._happened: Callable[[], None] = lambda: None
        self._webhooks = GatewayWebhooks(self._gateways.get, self._receive, clock)
        self._given = gateway
        self._sandbox: Sandbox | None = None
        if gateway is None and settings.payment_gateway is GatewayName.SANDBOX:
            self._sandbox = Sandbox(configuration_of(settings), clock)

    def routes(self) -> list[Route]:
        sandbox = self._sandbox.routes() if self._sandbox is not None else []
        return [*self._webhooks.routes(), *sandbox]

    @asynccontextmanager
    async def open(
        self, dsn: str, connections: Connections, happened: Callable[[], None] = lambda: None
    ) -> AsyncIterator[PaymentGateway]:
        """The gateway, guarded. What it tells is written over `connections`; `happened` is called after that."""
        async with AsyncExitStack() as stack:
            gateway = self._parts.gateway(await self._gateway(dsn, stack))
            self._connections, self._happened = connections, happened
            self._gateways[gateway.provider] = gateway
            yield gateway

    async def _gateway(self, dsn: str, stack: AsyncExitStack) -> PaymentGateway:
        if self._given is not None:
            return self._given
        if self._sandbox is not None:
            return await stack.enter_async_context(self._sandbox.open(dsn))
        settings = self._settings
        assert settings.stripe_api_key is not None, "Settings.read asks for it"
        assert settings.stripe_webhook_secret is not None, "Settings.read asks for it"
        gateway = StripeGateway(
            *(settings.stripe_api_key, settings.stripe_webhook_secret, settings.stripe_api_base),
            headers=self._parts.headers,
        )
        stack.push_async_callback(gateway.close)
        return gateway

    async def _receive(self, event: GatewayEvent) -> None:
        assert self._connections is not None, "webhooks come while the application is open"
        await self._take_up(self._connections, self._gateways[event.provider], event)

    async def _take_up(self, connections: Connections, gateway: PaymentGateway, event: GatewayEvent) -> bool:
        is_new = await take_up_event(beginning(connections, self._clock, "receiveEvent"), gateway, event)
        if is_new:
            self._happened()
        return is_new

    def chores(self) -> list[Chore]:
        """What a worker does while this is open."""
        return [
            Chore("closing payment sessions", 10.0, _LOCKS, self._close_sessions),
            Chore("asking payment gateways", 1.0, _LOCKS + 1, self._finish_requests),
            Chore("reconciling payments", HOUR, _LOCKS + 2, self._reconcile_lately),
        ]

    async def reconcile(self, connections: Connections, back: timedelta) -> list[Reconciliation]:
        """Compares our payments with what the gateways know of the time since. Raises GatewayUnavailable."""

        async def of(gateway: PaymentGateway) -> Reconciliation:
            async def take_up(event: GatewayEvent) -> bool:
                return await self._take_up(connections, gateway, event)

            begin = beginning(connections, self._clock, "reconcile")
            return await reconcile(begin, gateway, take_up, self._clock() - back)

        return [await of(gateway) for gateway in self._gateways.values()]

    async def _close_sessions(self, desk: Desk) -> int:
        return await close_sessions(beginning(desk.connections, desk.clock, "closeSessions"))

    async def _finish_requests(self, desk: Desk) -> int:
        begin = beginning(desk.connections, desk.clock, "finishGatewayRequests")
        return await finish_gateway_requests(begin, self._gateways, desk.clock())

    async def _reconcile_lately(self, desk: Desk) -> int:
        try:
            found = await self.reconcile(desk.connections, LOOK_BACK)
        except GatewayUnavailable as error:
            log.warning("payments could not be reconciled (%s)", error)
            return 0
        for each in (difference for reconciled in found for difference in reconciled.differences):
            log.warning("payment %d differs: %s is %s, not %s", each.payment_id, each.what, each.ours, each.theirs)
        return sum(reconciled.taken_up for reconciled in found)


def beginning(connections: Connections, clock: Clock, action: str) -> Begin:
    """How transactions of the system itself begin."""

    def begin() -> AbstractAsyncContextManager[Session]:
        return system_session(connections, clock(), action)

    return begin
