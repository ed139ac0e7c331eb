"""The application: what answers at which address."""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from auth.viewer import DEVELOPMENT_VIEWER, Viewer
from resolvers import build_schema
from server import pages
from server.database import open_pools
from server.executors import executor_class
from server.graphql import Clock, Endpoint, ViewerOf, utc_now
from server.health import healthz, readyz
from server.request_id import RequestId
from server.settings import Settings


def development_viewer(scope: Scope) -> Viewer:  # noqa: ARG001 - every request has the same viewer
    return DEVELOPMENT_VIEWER


class Application:
    """GraphQL requests go straight to their endpoint, everything else through Starlette's router and middleware.

    `lifespan` is what must be open while it serves.
    """

    def __init__(self, endpoint: Endpoint, starlette: Starlette) -> None:
        self.endpoint = endpoint
        self.lifespan = starlette.router.lifespan_context(starlette)
        self._graphql = RequestId(endpoint)
        self._starlette = RequestId(starlette)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        graphql = scope["type"] == "http" and scope["path"] == "/graphql"
        await (self._graphql if graphql else self._starlette)(scope, receive, send)


def create_app(
    dsn: str, settings: Settings, viewer_of: ViewerOf = development_viewer, clock: Clock = utc_now
) -> Application:
    """The server over the database at `dsn`."""
    endpoint = Endpoint(build_schema(executor_class(settings.executor)), viewer_of, clock)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_pools(dsn) as pools:
            app.state.pools = endpoint.pools = pools
            # What was made until now stays: a collection need not look at it again, request after request.
            gc.collect()
            gc.freeze()
            yield

    routes = [Route("/", _to_graphiql, methods=["GET"]), Route("/healthz", healthz), Route("/readyz", readyz)]
    starlette = Starlette(routes=[*routes, *pages.routes()], lifespan=lifespan)
    return Application(endpoint, starlette)


def create_worker_app() -> Application:
    """The application of a worker process, which finds everything in its environment."""
    settings = Settings.read(os.environ)
    assert settings.database_url is not None, "the parent process gives its workers a database"
    return create_app(settings.database_url, settings)


async def _to_graphiql(request: Request) -> RedirectResponse:  # noqa: ARG001
    return RedirectResponse("/graphql")
