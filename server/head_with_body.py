"""Answers whose head waits for their body, so that the system is asked to send once and not twice."""

import asyncio


class HeadWithBody:
    """What one request's answer is written to. Its first piece waits for the second, but no longer than this turn of
    the event loop: a stream's head is sent though its body may take long.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head: bytes | None = None
        self._began = False

    def write(self, data: bytes) -> None:
        if not self._began:
            self._began = True
            self._head = data
            self._loop.call_soon(self._send_head)
        elif self._head is not None:
            head, self._head = self._head, None
            self._transport.write(head + data)
        else:
            self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.write(head)
