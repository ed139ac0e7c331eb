"""The head of an answer: with the body if that comes at once, but never late."""

import asyncio

import uvicorn
from starlette.types import Receive, Scope, Send

from server.head_with_body import HeadWithBody
from server.serve import bind, uvicorn_config

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Wire(asyncio.Transport):
    """Keeps what it is asked to send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.sent.append(b"closed")


async def test_head_and_body_are_sent_at_once_and_pieces_as_they_come() -> None:
    wire = Wire()
    answer = HeadWithBody(wire, asyncio.get_running_loop())
    for piece in (HEAD, b"one", b"two"):
        answer.write(piece)
    await asyncio.sleep(0)
    assert wire.sent == [HEAD + b"one", b"two"]


async def test_a_head_alone_is_sent_before_the_connection_closes() -> None:
    wire = Wire()
    answer = HeadWithBody(wire, asyncio.get_running_loop())
    answer.write(HEAD)
    answer.close()
    await asyncio.sleep(0)
    assert wire.sent == [HEAD, b"closed"]


async def test_a_head_does_not_wait_for_a_body_that_takes_long() -> None:
    go_on = asyncio.Event()

    async def slow(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
            await go_on.wait()
            await send({"type": "http.response.body", "body": b"late"})

    config = uvicorn_config(slow)
    config.lifespan = "off"
    server, listening = uvicorn.Server(config), bind("127.0.0.1", 0)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            go_on.set()
            assert await reader.read() == b"late"
            writer.close()
    finally:
        server.should_exit = True
        await running
