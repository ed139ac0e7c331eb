"""Taking a file away: it is recorded, read page by page, and streamed."""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from asyncpg import Record

from auth.viewer import Viewer
from domain.record_reads import record_export
from loaders.loader import Loaders
from loaders.reads import Pools, Reads
from server.exports.csv import BYTE_ORDER_MARK, Cell, written
from server.read_audit import ReadAudit

Row: TypeAlias = Sequence[Cell]
Visit: TypeAlias = Callable[[], Loaders]
"""Gives loaders for one page: what they have read is let go with them."""
PagesOfRows: TypeAlias = Callable[[Visit], AsyncGenerator[Sequence[Row], None]]

FIRST = 3  # what is ready before the answer begins: the mark, the header and a page


@dataclass(frozen=True)
class Export:
    """One export of one viewer: what it reads is as she may see it at `now`, and is recorded."""

    pools: Pools
    read_audit: ReadAudit
    viewer: Viewer
    now: datetime
    request_id: str

    def loaders(self) -> Loaders:
        return Loaders(Reads(self.pools, self.viewer, self.now))

    async def begin(self, file: str, pages_of: PagesOfRows, *, bom: bool = False) -> AsyncGenerator[str, None]:
        """The lines, once the first page is there and the export is recorded. `bom`: begin with U+FEFF."""
        await self.pools.lookups.fetch(*record_export(self.viewer, self.now, self.request_id, file), Record)
        opened: list[Loaders] = []

        def visit() -> Loaders:
            opened.append(self.loaders())
            return opened[-1]

        async def lines() -> AsyncGenerator[str, None]:
            async with aclosing(pages_of(visit)) as pages:
                yield BYTE_ORDER_MARK if bom else ""
                async for rows in pages:
                    await self._record(opened)
                    opened.clear()
                    yield written(rows)

        begun, first = lines(), []
        async for each in begun:
            first.append(each)
            if len(first) == FIRST:
                break
        return resumed(first, begun)

    async def _record(self, opened: Iterable[Loaders]) -> None:
        """Stores whose records a page shows, before it leaves."""
        reads = [loaders.reads for loaders in opened]
        await self.read_audit.record(self.viewer, self.now, self.request_id, reads)


async def resumed(first: Iterable[str], rest: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """What was read already, and then the rest, which is closed however this ends."""
    async with aclosing(rest):
        for each in first:
            yield each
        async for each in rest:
            yield each
