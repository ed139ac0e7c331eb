"""`GET /exports/payouts.csv`, and `GET /exports/{table}.csv`: a table of the dashboards. Each is a stream that takes no
more memory than one page of it.

The token comes in the Authorization header and nowhere else. Problems are told before the first line; what goes wrong
later breaks the stream off, so that nobody takes half a file for a whole one.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from auth.scopes import Scope as TokenScope
from schema.errors import BadUserInput
from server.exports.asked import Asked
from server.exports.payouts import PAYOUT_NEEDS, payouts
from server.exports.refused import ExportRefused, check_scopes, viewer_of
from server.exports.tables import TABLES, Table
from server.exports.taking import Export
from server.problem import problem
from server.unavailable import SAYS, passing_trouble

PATH, PAYOUTS_PATH = "/exports/{table}.csv", "/exports/payouts.csv"
NOT_THERE = "There is no such table, or none for you."

Take = Callable[[Request, Export], Awaitable[tuple[str, AsyncGenerator[str, None]]]]
"""The name of a file and its lines, once it is sure that they may be taken. Raises ExportRefused."""


def routes(clock: Callable[[], datetime]) -> list[Route]:
    def route(path: str, take: Take) -> Route:
        async def export(request: Request) -> Response:
            return await answer(request, clock(), take)

        return Route(path, export, methods=["GET"])

    return [route(PAYOUTS_PATH, take_payouts), route(PATH, take_table)]


async def answer(request: Request, now: datetime, take: Take) -> Response:
    """401 without a token, 403 without the scopes, 404 for what is not the viewer's to see, 400 for bad parameters,
    503 for what passes."""
    try:
        viewer = await viewer_of(request)
        state = request.app.state
        export = Export(state.pools, state.read_audit, viewer, now, request.scope["request_id"])
        file, lines = await take(request, export)
    except ExportRefused as refused:
        return refused.response
    except Exception as failure:
        code = passing_trouble(failure)
        if code is None:
            raise
        return problem(503, code, f"{SAYS[code]}.")
    headers = {
        "Content-Disposition": f'attachment; filename="{file}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")


async def take_payouts(_: Request, export: Export) -> tuple[str, AsyncGenerator[str, None]]:
    check_scopes(export.viewer, PAYOUT_NEEDS)
    return "payouts.csv", await export.begin("payouts.csv", payouts)


async def take_table(request: Request, export: Export) -> tuple[str, AsyncGenerator[str, None]]:
    name = request.path_params["table"]
    table = TABLES.get(name)
    if table is None:
        raise ExportRefused(404, "NOT_FOUND", NOT_THERE)
    asked = _asked(request, table)
    check_scopes(export.viewer, (TokenScope.REPORT_EXPORT, asked.dashboard, *table.needs))
    scope = await asked.scope(export.loaders(), export.viewer)
    if scope is None:
        raise ExportRefused(404, "NOT_FOUND", NOT_THERE)
    lines = await export.begin(f"{name}.csv", lambda visit: table.pages(visit, scope), bom=asked.bom)
    return f"{name}-{asked.first}-{asked.last}.csv", lines


def _asked(request: Request, table: Table) -> Asked:
    """What is asked for, of a table that has it."""
    try:
        asked = Asked.read(request.query_params)
        if asked.doctor_id is not None and not table.of_doctors:
            raise BadUserInput("this is no table of a single doctor")
    except BadUserInput as bad:
        raise ExportRefused(400, "BAD_USER_INPUT", bad.message) from None
    return asked
