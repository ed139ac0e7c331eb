"""How many streams an address may hold open: each is a connection, a subscription or more, and memory for as long."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from starlette.types import Scope

from server.caller import caller_address
from server.graphql_request import RequestRefused
from server.wire import Network

RETRY_AFTER = (b"retry-after", b"10")


class Places:
    """At most `limit` WebSockets and event streams for each address, in this process."""

    def __init__(self, limit: int, trusted_proxies: Sequence[Network] = ()) -> None:
        self._limit = limit
        self._trusted_proxies = trusted_proxies
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, scope: Scope) -> Iterator[None]:
        """A place for one stream, until the end of the block. Raises RequestRefused (429) if there is none."""
        address = caller_address(scope, self._trusted_proxies)
        if self._taken[address] >= self._limit:
            raise RequestRefused(
                429, f"an address has at most {self._limit} streams at a time", RETRY_AFTER, code="RATE_LIMITED"
            )
        self._taken[address] += 1
        try:
            yield
        finally:
            self._taken[address] -= 1
            if not self._taken[address]:
                del self._taken[address]
