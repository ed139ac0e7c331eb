"""`multipart/mixed`, as GraphQL's incremental delivery over HTTP has it: each payload is a part, written at once."""

from starlette.types import Message, Scope, Send

from server.accepted import Format
from server.answers import encode
from server.caching import PRIVATE
from server.graphql_request import MULTIPART
from server.incremental.older import Older
from server.incremental.payloads import Body
from server.streams.patience import Patience

NOT_BUFFERED = (b"x-accel-buffering", b"no")  # nginx would keep the parts for itself
TYPE = MULTIPART + b'; boundary="-"'
FIRST, PART, BETWEEN, END = b"---", b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n", b"\r\n---", b"--\r\n"
BEFORE, AFTER = FIRST + PART, BETWEEN + END


class Multipart:
    """One answer of several parts. `tell` writes the next, with its end: who reads it need not wait for another."""

    def __init__(self, scope: Scope, send: Send, patience: Patience, form: Format) -> None:
        self._scope = scope
        self._send = send
        self._patience = patience
        self._older = Older() if form is Format.OLDER else None
        self._begun = False

    async def tell(self, body: Body) -> None:
        """Raises Stalled if the client takes nothing for too long."""
        written = encode(body if self._older is None else self._older.write(body))
        more, first = body["hasNext"], b"" if self._begun else FIRST
        if not self._begun:
            self._begun = True
            await self._begin()
        chunk = first + PART + written + BETWEEN + (b"" if more else END)
        await self._write({"type": "http.response.body", "body": chunk, "more_body": more})

    async def _begin(self) -> None:
        type_ = TYPE if self._older is None else TYPE + b"; deferSpec=20220824"
        rate = self._scope.get("rate")
        described = [(b"content-type", type_), PRIVATE, NOT_BUFFERED, *(() if rate is None else rate.headers)]
        await self._write({"type": "http.response.start", "status": 200, "headers": described})

    async def _write(self, message: Message) -> None:
        await self._patience.within(self._send(message), self._scope)


def in_one_part(send: Send) -> Send:
    """Sends an answer in one piece to somebody who takes nothing but parts."""

    async def send_part(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [_of_part(name, value) for name, value in message["headers"]]}
        else:
            message = {**message, "body": BEFORE + message["body"] + AFTER}
        await send(message)

    return send_part


def _of_part(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name == b"content-type":
        return name, TYPE
    if name == b"content-length":
        return name, b"%d" % (len(BEFORE) + int(value) + len(AFTER))
    return name, value
