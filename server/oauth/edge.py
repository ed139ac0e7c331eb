"""What all endpoints and pages share: configuration, clock, mail, and the database while the application runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from auth.oauth.configuration import Configuration
from auth.passwords import prepare
from gateways.mail import MailGateway
from models.clock import Clock, utc_now
from server.wire import Network

CONNECTIONS = 5


class Edge:
    """One authorization server of one process."""

    def __init__(
        self,
        configuration: Configuration,
        mail: MailGateway,
        clock: Clock = utc_now,
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        self.configuration = configuration
        self.mail = mail
        self.clock = clock
        self.trusted_proxies = trusted_proxies
        self._sessions: async_sessionmaker[AsyncSession] | None = None

    @asynccontextmanager
    async def open(self, dsn: str) -> AsyncIterator[None]:
        """Connects to the database at `dsn` (postgresql://…) for as long as the block lasts."""
        await asyncio.to_thread(prepare, self.configuration.password_work)
        async with opened(dsn) as sessions:
            self._sessions = sessions
            try:
                yield
            finally:
                self._sessions = None

    @property
    def sessions(self) -> async_sessionmaker[AsyncSession]:
        assert self._sessions is not None, "the application's lifespan opens the edge"
        return self._sessions

    def now(self) -> datetime:
        return self.clock()


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Sessions for writes."""
    engine = create_async_engine(
        dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=CONNECTIONS,
        max_overflow=CONNECTIONS,
        hide_parameters=True,  # an error's text would show addresses and hashes
    )
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()
