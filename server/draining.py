"""Connections that tell their application that the server is stopping, while there is still time to say goodbye.

uvicorn would close a WebSocket on the spot, and wait for an endless answer until its patience ends. An application
that streams puts an event at `scope["drain"]`, which is set when it should come to an end; `scope["abort"]` drops the
connection of a peer that takes nothing any more.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from server.head_with_body import HeadWithBody


class DrainingHttp(HttpToolsProtocol):
    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self.cycle.transport = cast("asyncio.Transport", HeadWithBody(self.cycle.transport, self.loop))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["abort"] = self.transport.abort

    def shutdown(self) -> None:
        super().shutdown()
        if self.cycle is not None:
            _drain(cast("dict[str, Any]", self.cycle.scope))


class DrainingWebSocket(WebSocketsSansIOProtocol):
    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            cast("dict[str, Any]", self.scope)["abort"] = self.transport.abort

    def shutdown(self) -> None:
        if self.close_sent or not hasattr(self, "scope") or not _drain(cast("dict[str, Any]", self.scope)):
            super().shutdown()


def _drain(scope: dict[str, Any]) -> bool:
    drain = scope.get("drain")
    if isinstance(drain, asyncio.Event):
        drain.set()
        return True
    return False
