"""Connections that say nothing, or their headers drop by drop: they are dropped, so that they hold nothing for long."""

import asyncio
from typing import Any

from server.draining import DrainingHttp

HEADER_SECONDS = 15.0
"""How long a client may take from its connection, or from the first byte of a request, to the end of its headers."""
LARGEST_HEADERS = 65_536


class PatientHttp(DrainingHttp):
    """With a limit on the time and the size of headers. Between requests uvicorn's own patience counts."""

    _waiting: asyncio.TimerHandle | None = None
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._waiting is not None:
            self._header_bytes += len(data)
            if self._header_bytes > LARGEST_HEADERS:
                self._drop()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._waiting is None:
            self._expect_headers()

    def on_headers_complete(self) -> None:
        self._headers_came()
        super().on_headers_complete()

    def _expect_headers(self) -> None:
        self._header_bytes = 0
        self._waiting = self.loop.call_later(HEADER_SECONDS, self._drop)

    def _headers_came(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _drop(self) -> None:
        self._waiting = None
        transport: Any = self.transport
        transport.abort()
