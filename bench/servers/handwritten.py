"""The limit: no GraphQL. An address per operation, one statement that builds the JSON, its bytes sent as they are."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.operations import OPERATIONS, Statement
from bench.servers import POOL
from bench.servers.place import DSN, NOW, SESSION, serve

READ: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("from", "to"), datetime.fromisoformat),
    **dict.fromkeys(("first_day", "last_day", "year_ago"), date.fromisoformat),
    **dict.fromkeys(("doctor", "clinic"), int),
    **dict.fromkeys(("latitude", "longitude", "radius"), float),
}


async def keep(connection: object) -> None:
    """No reset query: reads leave nothing behind."""


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(DSN, min_size=1, max_size=POOL, reset=keep, server_settings=SESSION) as pool:
        app.state.pool = pool
        yield


def endpoint(statement: Statement) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        given = request.query_params
        arguments = [NOW if name == "now" else READ.get(name, str)(given[name]) for name in statement.names]
        text = await request.app.state.pool.fetchval(statement.numbered, *arguments)
        return Response(b'{"data":%b}' % text.encode(), media_type="application/json")

    return answer


if __name__ == "__main__":
    asked = ((operation.name, operation.statement) for operation in OPERATIONS)
    routes = [Route(f"/{name}", endpoint(statement)) for name, statement in asked if statement is not None]
    serve(Starlette(routes=routes, lifespan=lifespan))
