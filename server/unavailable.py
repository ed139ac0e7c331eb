"""What failed because something is away or too slow, which is nobody's bug: it may work again in a moment."""

import asyncpg

from loaders.connections import ConnectionsClosed

TIMEOUT, UNAVAILABLE = "TIMEOUT", "SERVICE_UNAVAILABLE"
SAYS = {TIMEOUT: "this took too long", UNAVAILABLE: "this cannot be answered now; please ask again in a moment"}

AWAY = (
    OSError,
    ConnectionsClosed,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,  # a statement on a connection that PostgreSQL is just ending
)


def passing_trouble(error: BaseException) -> str | None:
    """The code of a failure that passes; None for all others, which are bugs."""
    if isinstance(error, TimeoutError | asyncpg.QueryCanceledError):
        return TIMEOUT
    if isinstance(error, AWAY) or (isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)):
        return UNAVAILABLE
    return None
