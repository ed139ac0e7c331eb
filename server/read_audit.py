"""Whose data a request has read, for the audit."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import chain

from asyncpg import Record

from auth.viewer import Viewer
from domain.record_reads import ReadRecord, reads_to_record, record_reads
from loaders.patient_keys import PAID_APPOINTMENT
from loaders.reads import Pools, Reads
from loaders.together import Together
from schema.context import Context


class ReadAudit:
    """Records reads, those of requests that are answered at the same time by one statement and in one commit."""

    def __init__(self, pools: Callable[[], Pools]) -> None:
        self._pools = pools
        self._together: Together[None, Sequence[ReadRecord], None] = Together(self._record)

    def begin(self, context: Context | None) -> "asyncio.Task[None] | None":
        """Records whose data a request has read, while its answer is being assembled; None if there is nothing to."""
        if context is None or not context.reads.seen:
            return None
        records = _records(context.viewer, context.now, context.request_id, [context.reads])
        return asyncio.ensure_future(self._together.ask(None, records)) if records else None

    async def record(self, viewer: Viewer, now: datetime, request_id: str, reads: Iterable[Reads]) -> None:
        """The same for what was read in several visits of the database."""
        if records := _records(viewer, now, request_id, reads):
            await self._together.ask(None, records)

    async def _record(self, _group: None, asked: Sequence[Sequence[ReadRecord]]) -> Sequence[None]:
        await self._pools().lookups.fetch(*record_reads([*chain.from_iterable(asked)]), Record)
        return [None] * len(asked)


def _records(viewer: Viewer, now: datetime, request_id: str, reads: Iterable[Reads]) -> list[ReadRecord]:
    seen: dict[str, set[int]] = {}
    for each in reads:
        for kind, keys in each.seen.items():
            seen[kind] = seen[kind] | keys if kind in seen else keys
    paid = seen.pop(PAID_APPOINTMENT, set())
    return reads_to_record(viewer, now, request_id, seen, paid)
