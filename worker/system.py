"""Writes that nobody asked for: sessions of the system itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from secrets import token_hex

from auth.scopes import Scope
from auth.viewer import Viewer
from domain.session import Session
from loaders.connections import Connections

SYSTEM = Viewer(client_id="clinicgraph", is_service=True, scopes=frozenset(Scope))
"""Who does what happens by itself; in the audit log it is the client `clinicgraph`."""


@asynccontextmanager
async def system_session(connections: Connections, now: datetime, action: str) -> AsyncIterator[Session]:
    """One transaction of the system, written down as `action` and committed at the end of the block."""
    async with connections.transaction() as connection:
        session = Session(connection, SYSTEM, now, f"worker-{token_hex(8)}", action)
        yield session
        await session.write_down()
