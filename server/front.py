"""What each HTTP request passes on its way in, and each answer on its way out."""

from dataclasses import dataclass
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import request_id
from server.cors import Cors
from server.leaving import Leaving
from server.request_notes import note
from server.security_headers import SecurityHeaders
from server.settings import Settings

HUNG_UP = 499
"""The status of a request whose client did not wait for an answer, as nginx writes it."""
READ_HERE = (b"x-request-id", b"origin", b"access-control-request-method")


@dataclass
class Doorway:
    """What is the same for each application behind it."""

    cors: Cors
    security: SecurityHeaders
    leaving: Leaving

    @classmethod
    def of(cls, settings: Settings) -> "Doorway":
        operating = settings.operating
        return cls(Cors(operating.cors_origins), SecurityHeaders(settings.address), Leaving(operating.leave_seconds))


class Front:
    """ASGI middleware: gives each request its id (`scope["request_id"]`), completes its headers, and notes it."""

    def __init__(self, app: ASGIApp, doorway: Doorway) -> None:
        self._app = app
        self._doorway = doorway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        given = {name: value for name, value in scope["headers"] if name in READ_HERE}
        own_id = scope["request_id"] = request_id.request_id_of(given.get(b"x-request-id", b""))
        request_id.current.set(own_id)
        scope["is_noted"] = True
        status, doorway = HUNG_UP, self._doorway

        async def send_described(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", ()))
                names = [name for name, _ in headers]
                headers += doorway.security.missing(headers)
                headers += doorway.cors.headers(given.get(b"origin"), names)
                headers.append((b"x-request-id", own_id.encode()))
                if doorway.leaving.begun:
                    headers.append((b"connection", b"close"))
                message["headers"] = headers
            await send(message)

        try:
            preflight = doorway.cors.preflight(scope["method"], given)
            if preflight is not None:
                # Empty, so it may be kept: by the browser, as the header says, and by nobody else.
                await send_described({"type": "http.response.start", "status": 204, "headers": preflight})
                await send({"type": "http.response.body", "body": b""})
            else:
                await self._app(scope, receive, send_described)
        finally:
            note(scope, status, perf_counter() - began)
