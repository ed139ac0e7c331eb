"""The sandbox gateway in this server: its checkout page, and its webhooks sent to ourselves.

sandbox = Sandbox(configuration)
routes = sandbox.routes()                       # for Starlette(routes=[…])
async with sandbox.open(dsn) as gateway: …      # in the application's lifespan
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
from starlette.routing import Route

from auth.oauth.configuration import Configuration
from gateways.payments.sandbox import SandboxGateway
from gateways.payments.sandbox.checkout import SandboxCheckout
from gateways.payments.sandbox.deliveries import Deliver, Deliveries
from models.clock import Clock, utc_now
from server.oauth.edge import opened
from server.sandbox.checkout import CheckoutPages

__all__ = ["Sandbox"]

WEBHOOKS = "/webhooks/gateway/sandbox"
SECONDS = 10  # for one webhook


def own_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=SECONDS)


class Sandbox:
    """The sandbox of one process. All processes over one database and with one secret are the same sandbox."""

    def __init__(
        self, configuration: Configuration, clock: Clock = utc_now, client: Callable[[], httpx.AsyncClient] = own_client
    ) -> None:
        self._configuration = configuration
        self._clock = clock
        self._client = client
        self._pages = CheckoutPages(configuration)

    def routes(self) -> list[Route]:
        return self._pages.routes()

    @asynccontextmanager
    async def open(self, dsn: str) -> AsyncIterator[SandboxGateway]:
        """The gateway over the database at `dsn`. Webhooks are sent for as long as the block lasts."""
        secret = self._configuration.secret.mac("sandbox webhooks").hex()
        url = self._configuration.public_url
        async with AsyncExitStack() as stack:
            sessions = await stack.enter_async_context(opened(dsn))
            client = await stack.enter_async_context(self._client())
            deliveries = Deliveries(sessions, delivering(client), url + WEBHOOKS, secret, self._clock)
            self._pages.checkout = SandboxCheckout(sessions, self._clock, deliveries.wake)
            sending = asyncio.create_task(deliveries.run())
            stack.push_async_callback(_stopped, sending)
            yield SandboxGateway(sessions, secret, url, self._clock, deliveries.wake)


def delivering(client: httpx.AsyncClient) -> Deliver:
    """Sends webhooks by HTTP; taken is what is answered with 2xx."""

    async def deliver(url: str, body: bytes, headers: Mapping[str, str]) -> bool:
        try:
            return (await client.post(url, content=body, headers=dict(headers))).is_success
        except httpx.HTTPError:
            return False

    return deliver


async def _stopped(sending: "asyncio.Task[None]") -> None:
    sending.cancel()
    with suppress(asyncio.CancelledError):
        await sending
