"""Leaving: after SIGTERM the server says so while it still answers, so that a balancer sends nobody here any more."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Leaving:
    """Whether this process leaves. `begun` is set for good."""

    def __init__(self, seconds: float) -> None:
        self.begun = False
        self._seconds = seconds

    @contextmanager
    def on_sigterm(self) -> Iterator[None]:
        """Within the block, SIGTERM reaches who handled it before only after the seconds. A second one does at once."""
        if not self._seconds or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)
        assert callable(before), "uvicorn handles SIGTERM before it opens the application"

        def begin(number: int, frame: FrameType | None) -> None:
            if self.begun:
                before(number, frame)
                return
            self.begun = True
            loop.call_soon_threadsafe(loop.call_later, self._seconds, before, number, None)

        signal.signal(signal.SIGTERM, begin)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
