"""Our own application as `python -m server serve` runs it, its requests logged, but for its clock, which stands still.

With BENCH_BARE guards, rates, logs, metrics and tokens are left out: a service client asks, and may. With BENCH_WORKS
it does a worker's work too. BENCH_PROCESSES are as many as answer.
"""

import os
from collections.abc import Iterable

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.supervisors import Multiprocess

from auth import scopes
from auth.viewer import Viewer
from bench.servers.place import DSN, NOW, PORT
from schema import guards
from schema.directives import Guard
from server.app import Application, create_app
from server.logs import write_logs
from server.serve import bind, uvicorn_config
from server.settings import Settings
from server.wire import Wire

SERVICE = Viewer(client_id="bench", is_service=True, scopes=frozenset(scopes.Scope))


class Bare:
    """GraphQL without what stands around it."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = "bare"
        await self._app.over_http(scope, receive, send)


async def service(_scope: Scope) -> Viewer:
    return SERVICE


def unguarded(viewer: Viewer, guards: Iterable[Guard]) -> None:
    """In place of `schema.guards.check`."""


def bare_app(settings: Settings) -> Bare:
    guards.check = unguarded
    unlimited = Wire(show_cost=False, rate=0, anonymous_rate=0)
    app = create_app(DSN, Settings(data_dir=settings.data_dir, wire=unlimited), service, lambda: NOW)
    return Bare(app)


def app() -> object:
    """What a process serves."""
    settings = Settings.read(os.environ).listening_on(PORT)
    if "BENCH_BARE" in os.environ:
        return bare_app(settings)
    write_logs(settings.operating.log_format)
    return create_app(DSN, settings, clock=lambda: NOW, works="BENCH_WORKS" in os.environ)


if __name__ == "__main__":
    listening = bind("127.0.0.1", PORT)
    if (processes := int(os.environ.get("BENCH_PROCESSES", "1"))) > 1:
        config = uvicorn_config("bench.servers.ours:app", factory=True, workers=processes)
        Multiprocess(config, sockets=[listening]).run()
    else:
        uvicorn.Server(uvicorn_config(app())).run(sockets=[listening])
