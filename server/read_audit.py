"""Whose data a request has read, for the audit."""

import asyncio
from typing import Any

import asyncpg

from domain.record_reads import record_reads
from loaders.reads import Pools
from schema.context import Context


def record(context: Context | None, pools: Pools) -> "asyncio.Task[Any] | None":
    """Records whose data a request has read, while its answer is being assembled; None if nothing is to be recorded."""
    if context is None or not context.reads.seen:
        return None
    seen = {row.__name__.removesuffix("Row"): keys for row, keys in context.reads.seen.items()}
    paid = seen.pop("Payment", set())
    statement = record_reads(context.viewer, context.now, context.request_id, seen, paid)
    if statement is None:
        return None
    return asyncio.ensure_future(pools.lookups.fetch(*statement, asyncpg.Record))
