"""`GET /metrics`: for this machine, or for who has the token."""

import os
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import metrics
from server.problem import problem

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricsEndpoint:
    """Answers what `sample` has brought up to date, for all processes that answer on this address."""

    def __init__(self, token: str | None) -> None:
        self._token = token
        self.sample: Callable[[], Awaitable[None]] | None = None

    def routes(self) -> list[Route]:
        return [Route("/metrics", self.answer, methods=["GET"])]

    async def answer(self, request: Request) -> Response:
        if not self._may_read(request):
            challenge = {"WWW-Authenticate": "Bearer"}
            return problem(401, "UNAUTHENTICATED", "The metrics are for this machine, or need their token.", challenge)
        if self.sample is not None:
            await self.sample()
        return Response(exposition(), media_type=MEDIA_TYPE)

    def _may_read(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        if self._token is not None and compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return True
        # A proxy on this machine speaks for others.
        return _is_here(request) and not any(name in request.headers for name in FORWARDED)


def exposition() -> bytes:
    """The metrics in Prometheus' text format; of all processes if there are several."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        return generate_latest(metrics.REGISTRY)
    for file in Path(folder).glob("gauge_live*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        if not _lives(process):
            mark_process_dead(process)  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _is_here(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
