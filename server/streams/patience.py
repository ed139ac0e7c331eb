"""How long a stream waits for its client."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from starlette.types import Scope


class Stalled(Exception):
    """The client takes nothing any more; its connection was dropped."""


@dataclass(frozen=True)
class Patience:
    """In seconds: until `connection_init`, between heartbeats, for one write, for requests under way at the end.

    At each heartbeat it is asked again who the client is: a token that has expired ends the stream.
    """

    init: float = 10.0
    heartbeat: float = 12.0
    write: float = 10.0
    drain: float = 20.0

    async def within(self, write: Awaitable[None], scope: Scope) -> None:
        """Writes. Raises Stalled after dropping the connection, if that takes too long."""
        try:
            async with asyncio.timeout(self.write):
                await write
        except TimeoutError:
            if (abort := scope.get("abort")) is not None:
                abort()
            raise Stalled("the client takes nothing any more") from None


PATIENT = Patience()
