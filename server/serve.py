"""Serving: the socket first, then the database, then the processes that answer."""

import os
import signal
import socket
import sys
import tempfile

import uvicorn
from uvicorn.supervisors import Multiprocess

from server.app import create_app
from server.draining import DrainingWebSocket
from server.graphql_request import LARGEST_BODY
from server.metrics_endpoint import FOLDER
from server.settings import Settings, WorkerPlace
from server.slow_senders import PatientHttp

DRAIN_SECONDS = 30
SILENT_SECONDS = 60  # a worker that starts, on a busy core with others, tells its parent nothing meanwhile
KEEP_ALIVE_SECONDS = 75
"""How long an idle connection is kept. Clients and balancers give theirs up first, after 5 to 60 seconds: who closes a
connection just as the other asks on it makes that request fail.
"""


class AddressInUse(Exception):
    """Another program listens there."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises AddressInUse, before anything else was started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise AddressInUse(f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port") from error
    listening.listen(2048)
    listening.set_inheritable(True)
    return listening


def leave_when_told() -> None:
    """Makes SIGTERM and SIGINT end this process in order, with code 0: what was opened is closed on the way out.

    While uvicorn serves it catches them first, finishes the requests under way, and then raises them again.
    """
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: sys.exit(0))


def run(listening: socket.socket, dsn: str, settings: Settings, workers: int) -> None:
    """Answers until SIGINT or SIGTERM; requests under way are finished first, for at most 30 seconds."""
    if workers == 1:
        config = uvicorn_config(create_app(dsn, settings, works=settings.worker is WorkerPlace.INSIDE))
        uvicorn.Server(config).run(sockets=[listening])
        return
    config = uvicorn_config("server.app:create_worker_app", factory=True, workers=workers)
    with tempfile.TemporaryDirectory(prefix="clinicgraph-metrics-") as shared:
        os.environ |= {"DATABASE_URL": dsn, "CLINICGRAPH_PUBLIC_URL": settings.address, FOLDER: shared}
        Multiprocess(config, sockets=[listening]).run()


def uvicorn_config(app: object, *, factory: bool = False, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        factory=factory,
        workers=workers,
        loop="uvloop",
        http=PatientHttp,
        ws=DrainingWebSocket,
        ws_max_size=LARGEST_BODY,
        ws_per_message_deflate=False,  # it would take more memory for each connection than all else of it
        access_log=False,
        proxy_headers=False,  # `server.caller` reads them, and knows which proxies to trust
        log_config=None,  # `server.logs` writes what it says
        log_level="warning",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_worker_healthcheck=SILENT_SECONDS,
    )
