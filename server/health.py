"""Is it alive, can it work."""

import asyncio

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse

from loaders.connections import ConnectionsClosed
from models.failures import FAILURES
from server.database import is_current
from server.rate_limits import SharedBuckets

PATIENCE = 3.0
"""Seconds that the database may take to answer."""
LONGEST_WAIT = 60
"""Seconds that an event may wait for its position; a worker that works gives it one at once."""
WAITING = """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS seconds
    FROM outbox_events WHERE position IS NULL
"""
KEYS = (
    "SELECT EXISTS (SELECT FROM signing_keys WHERE signs_from <= now() AND (retires_at IS NULL OR retires_at > now()))"
)
OK = "ok"


async def healthz(request: Request) -> JSONResponse:  # noqa: ARG001 - Starlette calls it so
    """Alive: this process answers."""
    return JSONResponse({"status": OK})


async def readyz(request: Request) -> JSONResponse:
    """Ready, or 503 with what is wrong: the server leaves, or something that it needs is not there.

    `warnings` are no reason to send callers elsewhere, for no other would do better: a worker of its own, Redis.
    """
    state = request.app.state
    checks = {"leaving": "the server stops; ask another"} if state.leaving.begun else {}
    warnings: dict[str, str] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            checks |= await _stored(request)
            (waiting,) = await state.pools.lookups.fetch(WAITING, (), asyncpg.Record)
    except (*FAILURES, ConnectionsClosed) as error:
        checks["database"] = f"cannot be reached ({type(error).__name__})"
    else:
        late = waiting["seconds"] > LONGEST_WAIT
        worker = f"an event has waited for {waiting['seconds']:.0f} s: no worker gives it its position" if late else OK
        (checks if state.works else warnings)["worker"] = worker
    if isinstance(state.buckets, SharedBuckets):
        shared = await state.buckets.are_shared()
        warnings["redis"] = OK if shared else "cannot be reached: each process counts rates alone"
    checks["events"] = OK if state.events.hears else "what happens cannot be heard"
    if state.identity is not None:
        checks["identity"] = OK if state.identity.hears else "what is revoked cannot be heard, so tokens are refused"
    ready = all(check == OK for check in checks.values())
    body = {"status": OK if ready else "unavailable", "checks": checks}
    if any(warning != OK for warning in warnings.values()):
        body["warnings"] = warnings
    return JSONResponse(body, status_code=200 if ready else 503)


async def _stored(request: Request) -> dict[str, str]:
    """What the database says of itself. Raises what asyncpg raises."""
    pools, identity = request.app.state.pools, request.app.state.identity
    if not await is_current(pools):
        return {"database": OK, "migrations": "not the newest: run `python -m server migrate`"}
    checks = {"database": OK, "migrations": OK}
    if identity is not None and identity.signs:
        (row,) = await pools.lookups.fetch(KEYS, (), asyncpg.Record)
        checks["keys"] = OK if row[0] else "there is no key to sign tokens with: run `python -m server rotate-keys`"
    return checks
