"""Servers on real sockets, in this process: uvicorn as `serve` sets it up, and clients that speak the protocols."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from models.clock import Clock
from server.app import Application, create_app
from server.endpoint import ViewerOf
from server.parts import Parts
from server.serve import uvicorn_config
from server.settings import Settings
from server.streams.messages import PROTOCOL
from server.streams.patience import PATIENT, Patience
from tests.client import viewer_of as test_viewer_of
from tests.clinic_data import NOW
from tests.telling import parts as traced

SOON = 60.0
"""How long anything may take that does happen, on a busy machine."""


@dataclass
class Served:
    """A running server."""

    app: Application
    server: uvicorn.Server
    port: int

    @property
    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=SOON)

    async def ask(self, query: str, variables: dict[str, Any] | None = None, *, viewer: str = "service") -> Any:
        """The data of an answer without errors."""
        async with self.http as http:
            response = await http.post(
                "/graphql", json={"query": query, "variables": variables or {}}, headers={"x-test-viewer": viewer}
            )
        body = response.json()
        assert "errors" not in body, body
        return body["data"]

    @asynccontextmanager
    async def socket(
        self, viewer: str = "service", *, init: bool = True, protocol: str = PROTOCOL, **headers: str
    ) -> AsyncIterator["Socket"]:
        """A WebSocket; opened by `connection_init` unless that is not wanted."""
        given = {"x-test-viewer": viewer} | {name.replace("_", "-"): value for name, value in headers.items()}
        origin = given.pop("origin", None)
        async with connect(
            f"ws://127.0.0.1:{self.port}/graphql",
            subprotocols=[Subprotocol(protocol)],
            additional_headers=given,
            origin=origin,  # type: ignore[arg-type]
            proxy=None,
            open_timeout=SOON,
            close_timeout=SOON,
        ) as connection:
            opened = Socket(connection)
            if init:
                await opened.say(type="connection_init")
                opened.ack = await opened.hear()
                assert opened.ack["type"] == "connection_ack"
            yield opened

    @asynccontextmanager
    async def events(
        self, query: str, variables: dict[str, Any] | None = None, *, viewer: str = "service", **headers: str
    ) -> AsyncIterator["Frames"]:
        """Server-sent events."""
        given = {"accept": "text/event-stream", "x-test-viewer": viewer} | headers
        async with (
            self.http as http,
            http.stream("POST", "/graphql", json={"query": query, "variables": variables}, headers=given) as response,
        ):
            yield Frames(response)


@dataclass
class Socket:
    """graphql-transport-ws, message by message."""

    connection: ClientConnection
    ack: dict[str, Any] = field(default_factory=dict)

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(SOON):
            message: dict[str, Any] = json.loads(await self.connection.recv())
        return message

    async def subscribe_only(self, query: str, variables: dict[str, Any], id: str = "1") -> None:
        """Subscribes to what may have begun already."""
        await self.say(type="subscribe", id=id, payload={"query": query, "variables": variables})

    async def subscribe(self, query: str, variables: dict[str, Any] | None = None, id: str = "1") -> None:
        """Subscribes, and waits until that has begun."""
        await self.say(type="subscribe", id=id, payload={"query": query, "variables": variables})
        await self.say(type="ping", payload={"n": id})
        assert await self.hear() == {"type": "pong", "payload": {"n": id}}

    async def next(self) -> Any:
        """The data of the next message of a subscription."""
        message = await self.hear()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        (change,) = message["payload"]["data"].values()
        return change

    async def closed(self) -> tuple[int | None, str | None]:
        """How the server closes the connection; what it says before is passed over."""
        try:
            async with asyncio.timeout(SOON):
                while True:
                    await self.connection.recv()
        except ConnectionClosed:
            return self.connection.close_code, self.connection.close_reason


class Frames:
    """The frames of an event stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._chunks = response.aiter_raw()
        self._text = b""

    async def frame(self) -> bytes:
        """The next frame, a heartbeat too. Raises StopAsyncIteration at the end."""
        while b"\n\n" not in self._text:
            async with asyncio.timeout(SOON):
                self._text += await anext(self._chunks)
        frame, _, self._text = self._text.partition(b"\n\n")
        return frame

    async def hear(self) -> tuple[str, Any]:
        """The next event: its name and data."""
        while (frame := await self.frame()).startswith(b":"):
            pass
        assert b"\r" not in frame
        name, data = frame.decode().split("\n")
        text = data.removeprefix("data:").strip()
        return name.removeprefix("event: "), json.loads(text) if text else None


def bind(port: int = 0) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    return listening


@asynccontextmanager
async def serving(
    dsn: str,
    *,
    viewer_of: ViewerOf = test_viewer_of,
    clock: Clock = lambda: NOW,
    works: bool = True,
    patience: Patience = PATIENT,
    settings: Settings | None = None,
    port: int = 0,
    send_buffer: int | None = None,
    parts: Parts | None = None,
) -> AsyncIterator[Served]:
    """A server that stops as one does on SIGTERM, at the end of the block."""
    app = create_app(
        *(dsn, settings or Settings()),
        viewer_of=viewer_of,
        clock=clock,
        works=works,
        patience=patience,
        parts=parts or traced(),
    )
    listening = bind(port)
    if send_buffer is not None:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    server = uvicorn.Server(uvicorn_config(app))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with asyncio.timeout(SOON):
            while not server.started:
                assert not running.done(), running
                await asyncio.sleep(0.01)
        yield Served(app, server, listening.getsockname()[1])
    finally:
        server.should_exit = True
        await running
