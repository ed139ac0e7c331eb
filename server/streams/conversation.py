"""One WebSocket connection that speaks graphql-transport-ws."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from itertools import count
from typing import Any

from starlette.types import Receive, Scope, Send

from schema.positions import Position, write_position
from server.answers import encode
from server.graphql_request import RequestRefused
from server.streams.messages import CloseCode, Violation, authorization_in, operation_id, read_message, request_in
from server.streams.operations import Answers, OneAnswer, Operations, errors_of
from server.streams.patience import Patience, Stalled

log = logging.getLogger("clinicgraph.streams")

MOST_OPERATIONS = 100
LONGEST_REASON = 100


class Conversation:
    """Takes messages one after the other, and answers operations side by side.

    A subscription is begun before the next message is looked at: who has the answer to a later `ping` misses nothing
    from then on. The acknowledgement carries a position from which to resume, should no message come before the end.
    """

    def __init__(self, operations: Operations, patience: Patience, scope: Scope, receive: Receive, send: Send) -> None:
        self._operations = operations
        self._patience = patience
        self._scope = scope
        self._receive = receive
        self._send = send
        self._sender: Scope | None = None
        self._numbers = count(1)
        self._running: dict[str, tuple[asyncio.Task[None], Answers]] = {}
        self._known = asyncio.Event()
        self._drains = asyncio.Event()
        self._over: asyncio.Future[Violation | None] = asyncio.get_running_loop().create_future()

    async def hold(self) -> None:
        """Until the client leaves, breaks the protocol, may not ask any more, or the server stops."""
        self._scope["drain"] = self._drains
        tasks = [self._start(each) for each in (self._listen(), self._watch(), self._drain())]
        try:
            goodbye = await self._over
        finally:
            await _end(*tasks, *(task for task, _ in self._running.values()))
        if goodbye is not None:
            with contextlib.suppress(Stalled, OSError):  # it may be gone already
                code, reason = int(goodbye.code), goodbye.reason[:LONGEST_REASON]
                await self._send_patiently({"type": "websocket.close", "code": code, "reason": reason})

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task whose failure ends the conversation: a Violation with its code, a bug with 4500."""

        async def guarded() -> None:
            goodbye = None
            try:
                await work
                return
            except Violation as violation:
                goodbye = violation
            except (Stalled, OSError):
                pass  # the client is gone
            except Exception:
                log.exception("a conversation failed")
                goodbye = Violation(CloseCode.BUG, "something went wrong here; it has been noted")
            self._finish(goodbye)

        return asyncio.create_task(guarded())

    def _finish(self, goodbye: Violation | None) -> None:
        if not self._over.done():
            self._over.set_result(goodbye)

    async def _listen(self) -> None:
        while (message := await self._receive())["type"] != "websocket.disconnect":
            await self._take(read_message(message.get("text")))
        self._finish(None)

    async def _watch(self) -> None:
        """Ends a conversation that is not opened in time, or whose client may not ask any more."""
        try:
            async with asyncio.timeout(self._patience.init):
                await self._known.wait()
        except TimeoutError:
            raise Violation(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout") from None
        while True:
            await asyncio.sleep(self._patience.heartbeat)
            assert self._sender is not None
            try:
                await self._operations.identify(self._sender)
            except RequestRefused as refusal:
                if refusal.status < 500:
                    raise Violation(CloseCode.FORBIDDEN, str(refusal)) from None

    async def _drain(self) -> None:
        """When the server stops: subscriptions end at once, queries and mutations are finished first."""
        await self._drains.wait()
        for task, answers in self._running.values():
            if not isinstance(answers, OneAnswer):
                task.cancel()
        if self._running:
            await asyncio.wait([task for task, _ in self._running.values()], timeout=self._patience.drain)
        raise Violation(CloseCode.RESTART, "the server stops; come again")

    async def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "connection_init":
                await self._init(message)
            case "ping":
                payload = {"payload": message["payload"]} if message.get("payload") else {}
                await self._say({"type": "pong", **payload})
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                if (running := self._running.pop(operation_id(message), None)) is not None:
                    await _end(running[0])
            case unknown:
                raise Violation(CloseCode.BAD_REQUEST, f"there is no message of type {unknown[:40]!r}")

    async def _init(self, message: dict[str, Any]) -> None:
        if self._sender is not None:
            raise Violation(CloseCode.TOO_MANY_INITS, "Too many initialisation requests")
        headers = list(self._scope["headers"])
        if (given := authorization_in(message)) is not None:
            headers = [header for header in headers if header[0] != b"authorization"] + [(b"authorization", given)]
        sender = {**self._scope, "type": "http", "method": "POST", "headers": headers}
        try:
            await self._operations.identify(sender)
        except RequestRefused as refusal:
            code = CloseCode.FORBIDDEN if refusal.status < 500 else CloseCode.LATER
            raise Violation(code, str(refusal)) from None
        self._sender = sender
        self._known.set()
        position = write_position(Position(self._operations.position))
        await self._say({"type": "connection_ack", "payload": {"position": position}})

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if self._sender is None:
            raise Violation(CloseCode.UNAUTHORIZED, "Unauthorized")
        name, request = operation_id(message), request_in(message)
        if name in self._running:
            raise Violation(CloseCode.ID_TAKEN, f"Subscriber for {name} already exists")
        if self._drains.is_set():
            return
        request_id = f"{self._scope['request_id']}.{next(self._numbers)}"
        try:
            if len(self._running) >= MOST_OPERATIONS:
                raise RequestRefused(
                    429, f"a connection has at most {MOST_OPERATIONS} operations at a time", code="RATE_LIMITED"
                )
            answers = await self._operations.begin(request, {**self._sender, "request_id": request_id})
        except Exception as error:  # noqa: BLE001 - told to the caller, and logged where that is done
            self._end_if_refused(error)
            await self._say({"id": name, "type": "error", "payload": errors_of(error, request_id)})
            return
        self._running[name] = self._start(self._answer(name, answers, request_id)), answers

    async def _answer(self, name: str, answers: Answers, request_id: str) -> None:
        last: dict[str, Any] = {"id": name, "type": "complete"}
        try:
            await answers.tell(lambda body: self._say({"id": name, "type": "next", "payload": body}))
        except (Stalled, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - told to the caller, and logged where that is done
            self._end_if_refused(error)
            last = {"id": name, "type": "error", "payload": errors_of(error, request_id)}
        finally:
            await answers.aclose()
            if self._running.get(name, (None, None))[1] is answers:
                del self._running[name]  # before it is said: then the id may be used again
        await self._say(last)

    def _end_if_refused(self, error: Exception) -> None:
        """Raises Violation if it says that the client may not ask (any more), or that nobody can tell."""
        if isinstance(error, RequestRefused) and error.status in (401, 503):
            raise Violation(CloseCode.FORBIDDEN if error.status == 401 else CloseCode.LATER, str(error)) from None

    async def _say(self, message: dict[str, Any]) -> None:
        await self._send_patiently({"type": "websocket.send", "text": encode(message).decode()})

    async def _send_patiently(self, message: dict[str, Any]) -> None:
        """Raises Stalled."""
        await self._patience.within(self._send(message), self._scope)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
