"""Whose data a request has read, for the audit."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import asyncpg

from auth.viewer import Viewer
from domain.record_reads import record_reads
from loaders.patient_keys import PAID_APPOINTMENT
from loaders.reads import Pools, Reads
from schema.context import Context


def record(context: Context | None, pools: Pools) -> "asyncio.Task[Any] | None":
    """Records whose data a request has read, while its answer is being assembled; None if nothing is to be recorded."""
    if context is None or not context.reads.seen:
        return None
    statement = recording(context.viewer, context.now, context.request_id, [context.reads])
    if statement is None:
        return None
    return asyncio.ensure_future(pools.lookups.fetch(*statement, asyncpg.Record))


def recording(
    viewer: Viewer, now: datetime, request_id: str, reads: Iterable[Reads]
) -> tuple[str, list[object]] | None:
    """The statement that records whose data was read, with its arguments; None if there is nothing to record."""
    seen: dict[str, set[int]] = {}
    for each in reads:
        for kind, keys in each.seen.items():
            seen.setdefault(kind, set()).update(keys)
    paid = seen.pop(PAID_APPOINTMENT, set())
    return record_reads(viewer, now, request_id, seen, paid)
