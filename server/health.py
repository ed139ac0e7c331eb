"""Is it alive, can it work."""

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse

from server.database import is_current


async def healthz(request: Request) -> JSONResponse:  # noqa: ARG001 - Starlette calls it so
    """Alive: this process answers."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> JSONResponse:
    """Ready: the database answers and has the newest migration; otherwise 503, with what is missing."""
    try:
        current = await is_current(request.app.state.pools)
        checks = {"database": "ok", "migrations": "ok" if current else "not the newest: run `python -m server migrate`"}
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        checks = {"database": f"cannot be reached ({type(error).__name__})"}
    ready = all(check == "ok" for check in checks.values())
    return JSONResponse(
        {"status": "ok" if ready else "unavailable", "checks": checks}, status_code=200 if ready else 503
    )
