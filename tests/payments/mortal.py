"""A database with a server that may be killed, the company that takes the money, and people who ask."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from gateways.payments.sandbox import Sessions
from gateways.payments.sandbox.checkout import SandboxCheckout
from server.oauth.edge import opened
from tests.clinic_data import NOW
from tests.payments.world import APPOINTMENT, DOCUMENTS

ROOT = Path(__file__).resolve().parents[2]
LONG = 180  # seconds that something may take on a busy machine
UNTOLD = "SELECT count(*) FROM sandbox_events WHERE due_at IS NOT NULL"


class Died(Exception):
    """The server is no more."""


class Nursery:
    """The program that makes servers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    async def say(self, **job: object) -> dict[str, int]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return await self.hear()

    async def hear(self) -> dict[str, int]:
        assert self._process.stdout is not None
        heard: dict[str, int] = json.loads(await asyncio.to_thread(self._process.stdout.readline))
        return heard


@contextmanager
def nursery() -> Iterator[Nursery]:
    command = [sys.executable, "-m", "tests.payments.mortal_server"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        yield Nursery(process)


@dataclass
class Life:
    """A server while it lives. Whatever is asked of it raises Died when it is dead."""

    http: httpx.AsyncClient
    ended: "asyncio.Task[dict[str, int]]"
    sql: "asyncpg.Connection[Any]"
    sessions: Sessions
    clock_file: Path

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=float(self.clock_file.read_text()))

    def later(self, **length: float) -> None:
        seconds = (self.clock() + timedelta(**length) - NOW).total_seconds()
        written = self.clock_file.with_suffix(".next")
        written.write_text(str(seconds))
        written.replace(self.clock_file)  # the server may be reading it

    async def post(self, path: str, **more: Any) -> httpx.Response:
        try:
            return (await self.http.post(path, **more)).raise_for_status()
        except httpx.TransportError as error:
            raise Died from error

    async def pay(self, reference: str) -> None:
        """At the company's own page."""
        await SandboxCheckout(self.sessions, self.clock, lambda: None).pay(reference)

    async def ask(self, mutation: str, viewer: str, **input: Any) -> dict[str, Any]:
        """The payload of a mutation, with a key that is the same each time."""
        name = mutation[0].upper() + mutation[1:]
        shown = DOCUMENTS.get(mutation, APPOINTMENT)
        document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {shown} }} }}"
        sent = {"query": document, "variables": {"input": {"idempotencyKey": f"{viewer} {mutation}", **input}}}
        answer = (await self.post("/graphql", json=sent, headers={"x-test-viewer": viewer})).json()
        assert "errors" not in answer, answer
        payload: dict[str, Any] = answer["data"][mutation]
        return payload

    async def heard(self) -> None:
        """Until the company has told all that has happened, which it does ten seconds later."""
        if await self.sql.fetchval(UNTOLD):
            self.later(seconds=10)
        async with asyncio.timeout(LONG):
            while await self.sql.fetchval(UNTOLD):
                if self.ended.done():
                    raise Died
                await asyncio.sleep(0.01)

    async def settle(self) -> None:
        """Until there is nothing left to tell or to do."""
        await self.heard()
        while int((await self.post("/work")).text):
            await self.heard()


@asynccontextmanager
async def living(dsn: str, nursery: Nursery, data: Path, die_at: int = 0) -> AsyncIterator[Life]:
    """A server over a database. It is killed in the end, if it lives so long."""
    clock_file = data / "clock"
    if not clock_file.exists():
        clock_file.write_text("0")
    (data / "steps").unlink(missing_ok=True)
    born = await nursery.say(dsn=dsn, data=str(data), die_at=die_at)
    ended = asyncio.create_task(nursery.hear())
    sql = await asyncpg.connect(dsn)
    try:
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{born['port']}", timeout=LONG) as http,
            opened(dsn) as sessions,
        ):
            yield Life(http, ended, sql, sessions, clock_file)
    finally:
        await sql.close()
        with suppress(ProcessLookupError):
            os.kill(born["pid"], signal.SIGKILL)
        assert await ended == {"ended": -signal.SIGKILL}
