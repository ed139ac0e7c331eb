"""`GET /exports/payouts.csv`: all payouts that the viewer may see, as a stream, oldest first.

A cell that a spreadsheet would run as a formula begins with an apostrophe (RFC 4180 has no way to say "text").
"""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache

from asyncpg import Record
from sqlalchemy import BigInteger, select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from auth.scopes import Scope
from auth.viewer import Sight, Viewer
from auth.visibility import payouts
from loaders.reads import Pools
from models import Doctor, Payout, User
from models.statement import Statement, compile_statement, parameter
from server.graphql_request import RequestRefused
from server.problem import problem

PATH = "/exports/payouts.csv"
NEEDS = (Scope.REPORT_EXPORT, Scope.PAYOUT_READ)
AT_ONCE = 1_000  # rows
COLUMNS = ("payout", "doctor", "period_start", "period_end", "amount_minor", "currency", "status", "created_at")
FORMULA = ("=", "+", "-", "@", "\t", "\r")

PAYOUT, DOCTOR, USER = Payout.__table__, Doctor.__table__, User.__table__


async def payouts_csv(request: Request) -> Response:
    """401 without a token, 403 without the scopes."""
    try:
        viewer: Viewer = await request.app.state.viewer_of(request.scope)
    except RequestRefused as refused:
        response = problem(refused.status, refused.code, str(refused))
        response.raw_headers.extend(refused.headers)
        return response
    missing = [scope for scope in NEEDS if scope not in viewer.scopes]
    if viewer.is_anonymous:
        return _challenged(401, "UNAUTHENTICATED", "This needs a token.", "Bearer")
    if missing:
        scopes = " ".join(NEEDS)
        challenge = f'Bearer error="insufficient_scope", scope="{scopes}"'
        return _challenged(403, "FORBIDDEN", f"This needs the scopes {scopes}.", challenge)
    headers = {"Content-Disposition": 'attachment; filename="payouts.csv"', "Cache-Control": "private, no-store"}
    lines = Export(request.app.state.pools, viewer).lines()
    return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")


def _challenged(status: int, code: str, detail: str, challenge: str) -> Response:
    response = problem(status, code, detail)
    response.headers["WWW-Authenticate"] = challenge
    return response


@dataclass(frozen=True)
class Export:
    """The payouts that a viewer may see."""

    pools: Pools
    viewer: Viewer

    async def lines(self) -> AsyncIterator[str]:
        """The file, some rows at a time; no connection is kept in between."""
        yield written([COLUMNS])
        after = 0
        while True:
            statement = _statement(self.viewer.sight)
            arguments = statement.arguments({**self.viewer.parameters, "after": after})
            rows = await self.pools.lists.fetch(statement.text, arguments, Record)
            if not rows:
                return
            yield written([_cells(row) for row in rows])
            after = rows[-1]["id"]


def written(rows: list[tuple[str, ...]]) -> str:
    """Rows as CSV (RFC 4180), none of whose cells is a formula."""
    text = io.StringIO()
    csv.writer(text).writerows([[safe(cell) for cell in row] for row in rows])
    return text.getvalue()


def safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _cells(row: Record) -> tuple[str, ...]:
    made = row["created_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    days = (row["period_start"].isoformat(), row["period_end"].isoformat())
    return (str(row["id"]), row["doctor"], *days, str(row["amount_minor"]), row["currency"], row["status"], made)


@lru_cache(maxsize=16)
def _statement(sight: Sight) -> Statement:
    joined = PAYOUT.join(DOCTOR, DOCTOR.c.id == PAYOUT.c.doctor_id).join(USER, USER.c.id == DOCTOR.c.user_id)
    query = (
        select(PAYOUT, USER.c.name.label("doctor"))
        .select_from(joined)
        .where(PAYOUT.c.id > parameter("after", BigInteger()), payouts(PAYOUT, sight))
        .order_by(PAYOUT.c.id)
        .limit(AT_ONCE)
    )
    return compile_statement(query, filtered=True)
