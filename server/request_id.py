"""Every request has an id: the caller's, if it is a sensible one, or one of our own; it is in every answer."""

import re
from secrets import token_hex

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SENSIBLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestId:
    """ASGI middleware: puts `request_id` into the scope and `X-Request-ID` into the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = scope["request_id"] = given.decode() if SENSIBLE.fullmatch(given) else token_hex(16)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        await self._app(scope, receive, send_with_id)
