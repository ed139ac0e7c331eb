"""What was revoked: known to every process at once, by LISTEN/NOTIFY on a connection of its own.

Triggers tell of each token, family, client and user that is to stop, and of each user whose roles, workplaces or
profiles have changed (`models.oauth`). While the listener is down nobody knows, so nothing is accepted.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg

from auth.tokens import CannotVerify, Claims, InvalidToken
from models.failures import FAILURES

Connection: TypeAlias = "asyncpg.Connection[Any]"

log = logging.getLogger(__name__)

CHANNEL = "revocations"
EVERYBODY = "changed"  # what is told when anybody may have changed
HEARTBEAT = 5.0  # seconds; also how long an answer to one may take
RETRY = 0.5
# What a process that starts listening now has missed. Each word is what a trigger would have said.
MISSED = """
    SELECT 'family ' || id || ' ' || ceil(extract(epoch FROM tokens_until)) FROM token_families
      WHERE revoked_at IS NOT NULL AND tokens_until > now()
    UNION ALL SELECT 'token ' || jti || ' ' || ceil(extract(epoch FROM expires_at)) FROM revoked_tokens
      WHERE expires_at > now()
    UNION ALL SELECT 'client ' || id FROM oauth_clients WHERE disabled_at IS NOT NULL
    UNION ALL SELECT 'user ' || id FROM users WHERE status = 'SUSPENDED'
"""


class Revocations:
    """The tokens, families, clients and users that are refused, in memory. `check` asks no database."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._barred: set[str] = set()
        self._hears = False
        self._early: list[str] = []
        self._listeners: list[Callable[[str], None]] = []

    @classmethod
    @asynccontextmanager
    async def listening(cls, dsn: str, clock: Callable[[], datetime]) -> AsyncIterator["Revocations"]:
        """Listens until the end of the block, and reconnects by itself; is up to date when the block begins."""
        revocations = cls(clock)
        started = asyncio.Event()
        task = asyncio.create_task(revocations._listen(dsn, started))
        waiting = asyncio.create_task(started.wait())
        try:
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            yield revocations
        finally:
            for each in (task, waiting):
                each.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await each

    def check(self, claims: Claims) -> None:
        """Raises InvalidToken for what was revoked, and CannotVerify while that is not known."""
        if not self._hears:
            raise CannotVerify("revocations cannot be seen at the moment")
        if f"token {claims.jti}" in self._until or f"family {claims.family_id}" in self._until:
            raise InvalidToken("the token was revoked")
        if f"user {claims.user_id}" in self._barred or f"client {claims.client_id}" in self._barred:
            raise InvalidToken("the account is suspended")

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Calls `listener` with every word that is told: `user 5`, `-user 5`, `changed 5`, `family …`. After a time in
        which nothing could be heard it is told `EVERYBODY`."""
        self._listeners.append(listener)

    @property
    def hears(self) -> bool:
        """Whether revocations arrive; readiness may ask."""
        return self._hears

    def _told(self, *notification: object) -> None:
        """What arrives before the past is read may be later than it, so it waits until then."""
        said = str(notification[-1])
        if self._hears:
            self._note(said)
        else:
            self._early.append(said)

    def _note(self, told: str) -> None:
        kind, _, rest = told.partition(" ")
        if kind in ("family", "token"):
            name, _, until = rest.rpartition(" ")
            self._until[f"{kind} {name}"] = float(until)
        elif kind == EVERYBODY:
            pass  # refuses nobody, and those who listen know what to forget
        elif kind.startswith("-"):
            self._barred.discard(told[1:])
        else:
            self._barred.add(told)
        for listener in self._listeners:
            listener(told)

    def _forget_expired(self) -> None:
        now = self._clock().timestamp() - 60
        self._until = {name: until for name, until in self._until.items() if until > now}

    async def _listen(self, dsn: str, started: asyncio.Event) -> None:
        while True:
            try:
                await self._hear(dsn, started)
            except FAILURES as error:
                log.warning("the listener for revocations is down (%s)", type(error).__name__)
            finally:
                self._hears = False
            started.set()
            await asyncio.sleep(RETRY)

    async def _hear(self, dsn: str, started: asyncio.Event) -> None:
        """Listens on one connection until that is lost."""
        connection: Connection = await asyncpg.connect(
            dsn, timeout=HEARTBEAT, command_timeout=HEARTBEAT, server_settings={"application_name": "clinicgraph"}
        )
        lost = asyncio.Event()

        def on_loss(_connection: object) -> None:
            self._hears = False
            lost.set()

        try:
            connection.add_termination_listener(on_loss)
            self._early, self._until, self._barred = [], {}, set()
            await connection.add_listener(CHANNEL, self._told)
            missed = await connection.fetch(MISSED)
            for said in (*(row[0] for row in missed), *self._early, EVERYBODY):
                self._note(said)
            self._hears = True
            started.set()
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), HEARTBEAT)
                if not lost.is_set():
                    await connection.execute("SELECT 1")
                    self._forget_expired()
        finally:
            self._hears = False
            connection.remove_termination_listener(on_loss)
            connection.terminate()
