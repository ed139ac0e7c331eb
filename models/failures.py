"""What a statement may fail with: PostgreSQL says no, is away, or is just ending the connection."""

import asyncpg

FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
