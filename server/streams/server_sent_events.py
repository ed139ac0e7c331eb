"""Server-sent events, as graphql-sse asks in its distinct connections mode: one operation, one response."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from server.answers import answer, encode
from server.deadlines import hung_up
from server.graphql_request import EVENT_STREAM, JSON, RequestRefused, headers_of, read_request
from server.incremental.payloads import Body
from server.streams.operations import Answers, OneAnswer, Operations, errors_of
from server.streams.patience import Patience, Stalled
from server.streams.places import Places

HEADERS = [
    (b"content-type", EVENT_STREAM + b"; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would keep the events for itself
]
COMPLETE = b"event: complete\ndata:\n\n"
HEARTBEAT = b":\n\n"


class ServerSentEvents:
    """An ASGI application that answers a GET or POST with a stream. Its last event is `complete`.

    When the server stops, a subscription's ends without one, which tells clients to come again.
    """

    def __init__(self, operations: Operations, patience: Patience, places: Places) -> None:
        self._operations = operations
        self._patience = patience
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self._places.taken(scope))
            except RequestRefused as refusal:
                await self._refuse(refusal, scope, send)
                return
            await self._answer(scope, receive, send)

    async def _refuse(self, refusal: RequestRefused, scope: Scope, send: Send) -> None:
        body = encode({"errors": errors_of(refusal, scope["request_id"])})
        await answer(send, refusal.status, body, JSON, *refusal.headers)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["drain"] = asyncio.Event()
        answers: Answers | None = None
        refused: Exception | None = None
        try:
            headers = headers_of(scope)
            request = await read_request(scope, headers, receive)
            answers = await self._operations.begin(request, scope, headers)
        except RequestRefused as refusal:
            await self._refuse(refusal, scope, send)
            return
        except Exception as error:  # noqa: BLE001 - told to the caller, and logged where that is done
            refused = error
        channel = Channel(scope, send, self._patience)
        try:
            await channel.begin()
            if answers is None:
                await channel.fail(refused)
                await channel.end()
            else:
                await self._stream(channel, answers, receive)
        except Stalled:
            await hung_up(receive)  # its connection was dropped
        finally:
            if answers is not None:
                await answers.aclose()

    async def _stream(self, channel: "Channel", answers: Answers, receive: Receive) -> None:
        """Until the answers end or the client hangs up; when the server stops, subscriptions end too."""
        told = asyncio.create_task(channel.tell(answers))
        alive = asyncio.create_task(self._keep_alive(channel))
        tasks = [told, alive, asyncio.create_task(hung_up(receive))]
        if not isinstance(answers, OneAnswer):
            tasks.append(asyncio.create_task(channel.scope["drain"].wait()))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in (told, alive):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error
        await channel.end()

    async def _keep_alive(self, channel: "Channel") -> None:
        """Ends when the sender may not ask any more."""
        while True:
            await asyncio.sleep(self._patience.heartbeat)
            try:
                await self._operations.identify(channel.scope)
            except RequestRefused as refusal:
                if refusal.status < 500:
                    await channel.fail(refusal)
                    return
            await channel.send(HEARTBEAT)


@dataclass
class Channel:
    """The events of one response, written one at a time."""

    scope: Scope
    raw: Send
    patience: Patience
    completed: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def begin(self) -> None:
        await self.raw({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await self.send(HEARTBEAT)

    async def tell(self, answers: Answers) -> None:
        try:
            await answers.tell(self._next)
            await self._complete()
        except Stalled:
            raise
        except Exception as error:  # noqa: BLE001 - told to the caller, and logged where that is done
            await self.fail(error)

    async def fail(self, error: Exception | None) -> None:
        """Says what ended the stream, and ends it."""
        assert error is not None
        errors = errors_of(error, self.scope["request_id"])
        await self._next({"errors": errors})
        await self._complete()

    async def _next(self, body: Body) -> None:
        await self.send(b"event: next\ndata: " + encode(body) + b"\n\n")

    async def send(self, chunk: bytes) -> None:
        """Raises Stalled if the client takes nothing for too long."""
        async with self.turn:
            if not self.completed:
                message = {"type": "http.response.body", "body": chunk, "more_body": True}
                await self.patience.within(self.raw(message), self.scope)

    async def _complete(self) -> None:
        await self.send(COMPLETE)
        self.completed = True

    async def end(self) -> None:
        with contextlib.suppress(Stalled):
            await self.patience.within(
                self.raw({"type": "http.response.body", "body": b"", "more_body": False}), self.scope
            )
