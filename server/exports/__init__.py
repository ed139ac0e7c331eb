"""`GET /exports/{table}.csv`: a table of the dashboards, as a stream that takes no more memory than one page of it.

The token comes in the Authorization header and nowhere else. Problems are told before the first line; what goes wrong
later breaks the stream off, so that nobody takes half a file for a whole one.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from asyncpg import Record
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from auth.scopes import Scope as TokenScope
from auth.viewer import Viewer
from domain.record_reads import record_export, record_reads
from loaders.loader import Loaders
from loaders.reads import Pools, Reads
from schema.errors import BadUserInput
from server.exports.asked import Asked
from server.exports.csv import BYTE_ORDER_MARK, written
from server.exports.tables import TABLES, Table
from server.graphql_request import RequestRefused
from server.problem import problem
from server.unavailable import SAYS, passing_trouble

PATH = "/exports/{table}.csv"
FIRST = 3  # what is ready before the answer begins: the mark, the header and a page
NOT_THERE = "There is no such table, or none for you."


def routes(clock: Callable[[], datetime]) -> list[Route]:
    async def export(request: Request) -> Response:
        return await answer(request, clock())

    return [Route(PATH, export, methods=["GET"])]


class ExportRefused(Exception):
    """An answer in place of the export."""

    def __init__(self, status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.response = problem(status, code, detail, headers)


async def answer(request: Request, now: datetime) -> Response:
    """401 without a token, 403 without the scopes, 404 for what is not the viewer's to see, 400 for bad parameters,
    503 for what passes."""
    name = request.path_params["table"]
    try:
        viewer = await _viewer(request)
        table = TABLES.get(name)
        if table is None:
            raise ExportRefused(404, "NOT_FOUND", NOT_THERE)
        asked = _asked(request, viewer, table)
        lines = await Export(request.app.state.pools, viewer, now, request.scope["request_id"]).begin(name, asked)
    except ExportRefused as refused:
        return refused.response
    except Exception as failure:
        code = passing_trouble(failure)
        if code is None:
            raise
        return problem(503, code, f"{SAYS[code]}.")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{asked.first}-{asked.last}.csv"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")


async def _viewer(request: Request) -> Viewer:
    try:
        viewer: Viewer = await request.app.state.viewer_of(request.scope)
    except RequestRefused as refused:
        headers = {name.decode(): value.decode() for name, value in refused.headers}
        raise ExportRefused(refused.status, refused.code, str(refused), headers) from None
    if viewer.is_anonymous:
        raise ExportRefused(401, "UNAUTHENTICATED", "This needs a token.", {"WWW-Authenticate": "Bearer"})
    return viewer


def _asked(request: Request, viewer: Viewer, table: Table) -> Asked:
    """What is asked for, by somebody who may ask it."""
    try:
        asked = Asked.read(request.query_params)
        if asked.doctor_id is not None and not table.of_doctors:
            raise BadUserInput("this is no table of a single doctor")
    except BadUserInput as bad:
        raise ExportRefused(400, "BAD_USER_INPUT", bad.message) from None
    needs = (TokenScope.REPORT_EXPORT, asked.dashboard, *table.needs)
    if any(scope not in viewer.scopes for scope in needs):
        challenge = f'Bearer error="insufficient_scope", scope="{" ".join(needs)}"'
        detail = f"This needs the scopes {', '.join(needs)}."
        raise ExportRefused(403, "FORBIDDEN", detail, {"WWW-Authenticate": challenge})
    return asked


@dataclass(frozen=True)
class Export:
    """One export of one viewer: what it reads is as she may see it at `now`, and is recorded."""

    pools: Pools
    viewer: Viewer
    now: datetime
    request_id: str

    async def begin(self, name: str, asked: Asked) -> AsyncGenerator[str, None]:
        """The lines, once the first page is there and the export is recorded. Raises ExportRefused."""
        scope = await asked.scope(self._loaders(), self.viewer)
        if scope is None:
            raise ExportRefused(404, "NOT_FOUND", NOT_THERE)
        await self._fetch(record_export(self.viewer, self.now, self.request_id, f"{name}.csv"))
        opened: list[Loaders] = []

        def visit() -> Loaders:
            opened.append(self._loaders())
            return opened[-1]

        async def lines() -> AsyncGenerator[str, None]:
            async with aclosing(TABLES[name].pages(visit, scope)) as pages:
                yield BYTE_ORDER_MARK if asked.bom else ""
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

    def _loaders(self) -> Loaders:
        return Loaders(Reads(self.pools, self.viewer, self.now))

    async def _record(self, opened: Iterable[Loaders]) -> None:
        """Stores whose records a page shows, before it leaves."""
        seen: dict[str, set[int]] = {}
        for row, keys in chain.from_iterable(loaders.reads.seen.items() for loaders in opened):
            seen.setdefault(row.__name__.removesuffix("Row"), set()).update(keys)
        paid = seen.pop("Payment", set())
        statement = record_reads(self.viewer, self.now, self.request_id, seen, paid)
        if statement is not None:
            await self._fetch(statement)

    async def _fetch(self, statement: tuple[str, list[object]]) -> None:
        await self.pools.lookups.fetch(*statement, Record)


async def resumed(first: Iterable[str], rest: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """What was read already, and then the rest, which is closed however this ends."""
    async with aclosing(rest):
        for each in first:
            yield each
        async for each in rest:
            yield each
