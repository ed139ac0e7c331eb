"""Spans for statements and transactions. A statement's text has placeholders only; its parameters are not told."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asyncpg import Connection, PostgresError
from asyncpg.connection import LoggedQuery
from opentelemetry.trace import SpanKind, Tracer, get_current_span

from loaders.connections import Connect, Connections
from server.tracing.spans import failed, span


class TracedConnections(Connections):
    """Connections whose statements are told, where they belong to something that is."""

    def __init__(self, connect: Connect, size: int, tracer: Tracer) -> None:
        async def connect_watched() -> "Connection[Any]":
            connection = await connect()
            connection.add_query_logger(self._tell)
            return connection

        super().__init__(connect_watched, size)
        self._tracer = tracer

    @asynccontextmanager
    async def transaction(self, lock: int | None = None) -> "AsyncIterator[Connection[Any]]":
        with span(self._tracer, "transaction", {"db.system.name": "postgresql"}):
            async with super().transaction(lock) as connection:
                yield connection

    def _tell(self, query: LoggedQuery) -> None:
        """asyncpg calls this once a statement is over, in the context of who ran it."""
        if not get_current_span().get_span_context().trace_flags.sampled:
            return
        verb = query.query.split(None, 1)[0].upper()
        over = time.time_ns()
        made = self._tracer.start_span(
            verb,
            kind=SpanKind.CLIENT,
            attributes={"db.system.name": "postgresql", "db.operation.name": verb, "db.query.text": query.query},
            start_time=over - int(query.elapsed * 1e9),
        )
        if (error := query.exception) is not None:
            failed(made, type(error).__qualname__)
            if isinstance(error, PostgresError) and error.sqlstate is not None:
                made.set_attribute("db.response.status_code", error.sqlstate)
        made.end(over)
