"""Clients that nobody here wrote, against the server: they ask, watch, lose the server, come back and miss nothing.

Needs the packages of package-lock.json, which are installed here.
"""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from starlette.types import Scope

from auth.viewer import Viewer
from schema.node import encode_id
from server.graphql_request import RequestRefused
from server.streams.patience import Patience
from tests.client import VIEWERS
from tests.conformance.npm_packages import installed
from tests.streams.deeds import SLOTS, hold
from tests.streams.serving import serving

HERE = Path(__file__).resolve().parent
SOON = 60.0
QUERY = "{ doctors(first: 1) { edges { node { specialty } } } }"
ANSWER = {"data": {"doctors": {"edges": [{"node": {"specialty": "General practice"}}]}}}
BAD = {
    "{ doctors(": "GRAPHQL_PARSE_FAILED",
    "subscription { nothing }": "GRAPHQL_VALIDATION_FAILED",
    'subscription { appointmentChanged(doctorId: "RG9jdG9yOjE") { event } }': "FORBIDDEN",
}
FREE = (150, 160, 161, 170)


@pytest.fixture(scope="module")
def node() -> str:
    return installed(HERE)


@dataclass
class Tokens:
    """`Bearer public` is good; and for the tests' own requests there is the header."""

    good: bool = True

    async def __call__(self, scope: Scope) -> Viewer:
        headers = dict(scope["headers"])
        if b"x-test-viewer" in headers:
            return VIEWERS[headers[b"x-test-viewer"].decode()]
        if headers.get(b"authorization") != b"Bearer public" or not self.good:
            raise RequestRefused(401, "the token has expired", code="UNAUTHENTICATED")
        return Viewer(client_id="public", scopes=frozenset({"slot:read"}))


@asynccontextmanager
async def client(node: str, script: str, **given: Any) -> AsyncIterator[Process]:
    given = {"query": QUERY, "watch": SLOTS, "variables": {"doctor": encode_id("Doctor", 1)}, "bad": list(BAD)} | given
    process = await asyncio.create_subprocess_exec(node, script, json.dumps(given), cwd=HERE, stdout=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


PASSED_OVER: set[str] = set()


async def heard(process: Process, *, ignoring: tuple[str, ...] = ()) -> tuple[str, Any]:
    """The next thing that the client says."""
    assert process.stdout is not None
    while True:
        line = await asyncio.wait_for(process.stdout.readline(), SOON)
        ((what, value),) = json.loads(line).items()
        if what not in ignoring:
            return what, value
        PASSED_OVER.add(what)


@pytest.fixture
async def quiet(clinic: str) -> str:
    """A clinic in which nothing has run out, so that a worker finds nothing to do."""
    sql = await asyncpg.connect(clinic)
    await sql.execute("UPDATE holds SET released_at = expires_at WHERE expires_at < '2026-06-15 12:00Z'")
    await sql.close()
    return clinic


@pytest.mark.parametrize(("script", "scheme"), [("graphql_ws.mjs", "ws"), ("graphql_sse.mjs", "http")])
async def test_a_reference_client(node: str, script: str, scheme: str, quiet: str) -> None:
    noise = ("connected", "closed", "pong")
    PASSED_OVER.clear()
    async with serving(quiet) as other:
        async with serving(quiet, viewer_of=Tokens()) as served:
            port = served.port
            url = f"{scheme}://127.0.0.1:{port}/graphql"
            given = {"url": url, "token": "Bearer public", "wanted": len(FREE)}
            process = await (running := client(node, script, **given)).__aenter__()
            assert await heard(process, ignoring=noise) == ("query", {"results": [ANSWER], "complete": True})
            for code in BAD.values():
                what, said = await heard(process, ignoring=noise)
                errors = said["error"] if scheme == "ws" else said["results"][0]["errors"]
                assert (what, [error["extensions"]["code"] for error in errors]) == ("bad", [code])
                assert scheme == "ws" or said["complete"]
            while not served.app.events.watching:
                await asyncio.sleep(0.01)
            await hold(other, FREE[0])
            change = (await heard(process, ignoring=noise))[1]
            assert (change["slotId"], change["slot"]) == (encode_id("Slot", FREE[0]), None)
        if scheme == "ws":
            assert await heard(process, ignoring=("connected", "pong")) == ("closed", 1012)
        await hold(other, FREE[1])  # while nobody is told
        async with serving(quiet, viewer_of=Tokens(), port=port) as served:
            await hold(other, FREE[2])
            while not served.app.events.watching:
                await asyncio.sleep(0.01)
            await hold(other, FREE[3])
            slots = [(await heard(process, ignoring=noise))[1]["slotId"] for _ in FREE[1:]]
            assert slots == [encode_id("Slot", slot) for slot in FREE[1:]]
            assert await heard(process, ignoring=noise) == ("end", True)
            while served.app.events.watching:
                await asyncio.sleep(0.01)
        await running.__aexit__(None, None, None)
    assert scheme == "http" or set(noise) <= PASSED_OVER


async def test_a_token_that_expires(node: str, quiet: str) -> None:
    """The client is told 4403, and again when it comes back with the same token."""
    tokens = Tokens()
    async with serving(quiet, viewer_of=tokens, patience=Patience(heartbeat=0.1), works=False) as served:
        given = {"url": f"ws://127.0.0.1:{served.port}/graphql", "token": "Bearer public", "bad": [], "wanted": 1}
        async with client(node, "graphql_ws.mjs", **given) as process:
            while not served.app.events.watching:
                await asyncio.sleep(0.01)
            tokens.good = False
            for _ in range(2):
                while (said := await heard(process, ignoring=("connected", "pong", "query"))) == ("closed", 1000):
                    pass  # between two operations it hangs up by itself
                assert said == ("closed", 4403)
