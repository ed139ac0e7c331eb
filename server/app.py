"""The application: what answers at which address."""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from loaders.events import Events
from models.clock import Clock, utc_now
from resolvers import build_schema
from server import exports, pages
from server.database import connecting, open_pools
from server.endpoint import Endpoint, ViewerOf
from server.events import reading_on
from server.front import Doorway, Front
from server.graphql import OverHttp
from server.health import healthz, readyz
from server.identity import Identity
from server.logs import write_logs
from server.mails import mail_chores
from server.metrics_endpoint import MetricsEndpoint
from server.parts import Parts, parts_for
from server.payments import Payments
from server.sampling import Sampler, tallies_of
from server.settings import Settings, WorkerPlace
from server.streams import ServerSentEvents, WebSockets
from server.streams.patience import PATIENT, Patience
from server.streams.places import Places
from worker import Worker
from worker.chores import CHORES

YOUNG = 50_000
"""Objects after which the youngest are looked at for cycles: more than the answers under way have together. A request
leaves none, so a collection finds next to nothing, and with Python's 700 took a quarter of a nested request's CPU.
"""


class Application:
    """GraphQL requests go straight to their endpoint, everything else through Starlette's router and middleware.

    `lifespan` is what must be open while it serves.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        events: Events,
        over_http: OverHttp,
        sockets: WebSockets,
        starlette: Starlette,
        doorway: Doorway,
        parts: Parts,
    ) -> None:
        self.endpoint = endpoint
        self.events = events
        self.over_http = over_http
        self._sockets = parts.front(sockets)
        self.lifespan = starlette.router.lifespan_context(starlette)
        self._graphql = parts.front(Front(over_http, doorway))
        self._starlette = parts.front(Front(starlette, doorway))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
            return
        graphql = scope["type"] == "http" and scope["path"] == "/graphql"
        await (self._graphql if graphql else self._starlette)(scope, receive, send)


def create_app(
    dsn: str,
    settings: Settings,
    viewer_of: ViewerOf | None = None,
    clock: Clock = utc_now,
    *,
    works: bool = False,
    patience: Patience = PATIENT,
    payments: Payments | None = None,
    parts: Parts | None = None,
) -> Application:
    """The server over the database at `dsn`, which `server.identity.prepare` has prepared.

    `viewer_of` takes the place of sign-in, in tests and benchmarks. With `works` it does a worker's work too.
    `payments` takes the place of what the settings say; with a `viewer_of` there are none otherwise. `parts`
    takes the place of what the settings say of traces. Raises what `Identity` raises.
    """
    parts = parts_for(settings.operating.traces) if parts is None else parts
    endpoint = parts.endpoint(build_schema(parts.executor(settings.executor)), clock, settings.wire)
    events = Events(endpoint.look_up)
    operations = parts.operations(endpoint, events)
    places = Places(settings.wire.streams, settings.wire.trusted_proxies)
    over_http = OverHttp(endpoint, ServerSentEvents(operations, patience, places), patience)
    sockets = WebSockets(operations, patience, places, [settings.address, *settings.operating.cors_origins])
    doorway, measured = Doorway.of(settings), MetricsEndpoint(settings.operating.metrics_token)
    identity = Identity(settings, clock) if viewer_of is None else None
    if payments is None and identity is not None:
        payments = Payments(settings, clock, parts=parts)
    endpoint.address = settings.address
    endpoint.installation = identity.installation if identity is not None else None

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(parts.close)
            app.state.pools = endpoint.pools = pools = await stack.enter_async_context(
                open_pools(dsn, settings.wire.operation_timeout, parts.connections)
            )
            await stack.enter_async_context(endpoint.admission.open())
            app.state.identity, app.state.events, app.state.read_audit = identity, events, endpoint.read_audit
            app.state.leaving, app.state.works, app.state.buckets = doorway.leaving, works, endpoint.admission.buckets
            if identity is not None:
                endpoint.viewer_of = await stack.enter_async_context(identity.open(dsn, pools))
            elif viewer_of is not None:
                endpoint.viewer_of = viewer_of
            app.state.viewer_of = endpoint.viewer_of
            await stack.enter_async_context(reading_on(connecting(dsn), events))
            if payments is not None:
                opening = payments.open(dsn, pools.writes, lambda: endpoint.happened())  # noqa: PLW0108 - a worker sets it later
                endpoint.gateway = await stack.enter_async_context(opening)
            if works:
                chores = [*CHORES, *(payments.chores() if payments is not None else ())]
                chores += mail_chores(settings) if identity is not None else []
                worker = Worker(connecting(dsn), dsn, clock, parts.chores(chores))
                endpoint.happened = worker.wake
                await stack.enter_async_context(worker.working())
            sampler = Sampler(pools, tallies_of(endpoint))
            measured.sample = sampler.sample
            await stack.enter_async_context(sampler.sampling())
            stack.enter_context(doorway.leaving.on_sigterm())
            # What was made until now stays: a collection need not look at it again, request after request.
            gc.collect()
            gc.freeze()
            gc.set_threshold(YOUNG)
            yield

    routes = [Route("/", pages.dashboard, methods=["GET"]), Route("/healthz", healthz), Route("/readyz", readyz)]
    routes += measured.routes()
    routes += identity.routes() if identity is not None else []
    routes += payments.routes() if payments is not None else []
    routes += exports.routes(clock)
    starlette = Starlette(routes=[*routes, *pages.routes()], lifespan=lifespan)
    return Application(endpoint, events, over_http, sockets, starlette, doorway, parts)


def create_worker_app() -> Application:
    """The application of a worker process, which finds everything in its environment."""
    settings = Settings.read(os.environ)
    write_logs(settings.operating.log_format)
    assert settings.database_url is not None, "the parent process gives its workers a database"
    return create_app(settings.database_url, settings, works=settings.worker is WorkerPlace.INSIDE)
