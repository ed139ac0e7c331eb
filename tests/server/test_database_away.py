"""PostgreSQL goes away under load and comes back: errors meanwhile, each a clear one, none after, and nobody has
started the server anew. So it is when all connections are taken, too.

It is away for three seconds here, or as many as AWAY_SECONDS says; nothing depends on how long.
"""

import asyncio
import os
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest

from schema.node import encode_id
from server.database import migrate
from server.embedded import EmbeddedPostgres
from server.settings import Settings
from server.wire import Wire
from tests import clinic_data
from tests.server.test_serve import command, free_port, ready, said
from tests.streams.serving import SOON
from tests.streams.serving import serving as serving_here

AWAY_SECONDS = float(os.environ.get("AWAY_SECONDS", "3"))
LIST = "{ doctors(first: 1) { edges { node { licenceNumber } } } }"
LOOKUP = f'{{ doctor(id: "{encode_id("Doctor", 1)}") {{ licenceNumber }} }}'
OWN = "{ me { email } }"
WRITE = 'mutation { updateMe(input: { name: "Patient One" }) { userErrors { code } } }'


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """One of its own, to be stopped and started, in a folder that PostgreSQL's own user can pass."""
    with tempfile.TemporaryDirectory(prefix="clinicgraph-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        with EmbeddedPostgres(Path(name)) as started:
            yield started


@dataclass
class Load:
    """Clients that ask again and again, and what each was answered."""

    http: httpx.AsyncClient
    over: asyncio.Event = field(default_factory=asyncio.Event)
    back: asyncio.Event = field(default_factory=asyncio.Event)
    before: "Counter[tuple[str, int | str]]" = field(default_factory=Counter)
    after: "Counter[tuple[str, int | str]]" = field(default_factory=Counter)
    """Of those asked since the database was back."""

    async def ask(self, query: str, headers: dict[str, str]) -> None:
        while not self.over.is_set():
            counter = self.after if self.back.is_set() else self.before
            try:
                answer = await self.http.post("/graphql", json={"query": query}, headers=headers)
                codes = {error["extensions"]["code"] for error in answer.json().get("errors", [])}
                counter[query, " ".join(map(str, [answer.status_code, *sorted(codes)]))] += 1
            except httpx.HTTPError as error:
                counter[query, type(error).__name__] += 1
            await asyncio.sleep(0.01)

    async def until(self, counter: "Counter[tuple[str, int | str]]", answer: str, times: int) -> None:
        """Until each query was answered so, as many times."""
        for _ in range(int(SOON / 0.02)):
            if min(counter[query, answer] for query in (LIST, LOOKUP, OWN, WRITE)) >= times:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(counter)


@asynccontextmanager
async def loaded(dsn: str, data_dir: Path) -> AsyncIterator[tuple[Load, asyncio.subprocess.Process]]:
    """A server in a process of its own, asked by somebody unknown and by a patient."""
    place = {"DATABASE_URL": dsn, "CLINICGRAPH_DATA_DIR": str(data_dir), "CLINICGRAPH_PORT": str(free_port())}
    process = await command("serve", **place)
    saying = asyncio.create_task(process.communicate())  # so that the log does not fill its pipe
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{place['CLINICGRAPH_PORT']}", timeout=SOON) as http:
            await ready(http, process)
            code, token = await said(
                await command("token", "--role", "patient", "--user", "patient1@example.org", **place)
            )
            assert code == 0, token
            hers = {"authorization": f"Bearer {token.strip()}"}
            load = Load(http)
            tasks = [asyncio.create_task(load.ask(query, {})) for query in (LIST, LOOKUP)]
            tasks += [asyncio.create_task(load.ask(query, hers)) for query in (OWN, WRITE)]
            try:
                yield load, process
            finally:
                load.over.set()
                await asyncio.gather(*tasks)
        process.terminate()
        output = (await asyncio.wait_for(asyncio.shield(saying), SOON))[0].decode()
        _, bug, more = output.partition("Traceback")
        assert (process.returncode, bug) == (0, ""), more[:8_000]
    finally:
        if process.returncode is None:
            process.kill()
        await saying


def stop_at_once(postgres: EmbeddedPostgres) -> None:
    """As by `pg_ctl -m immediate`: no session is ended in order, and the next start has to recover."""
    folder = Path(parse_qs(urlsplit(postgres.dsn).query)["host"][0])
    (note,) = folder.parent.rglob("postmaster.pid")
    os.kill(int(note.read_text().split()[0]), signal.SIGQUIT)
    postgres.stop()


STOPS = {"fast": EmbeddedPostgres.stop, "immediate": stop_at_once}


@pytest.mark.parametrize("mode", STOPS)
async def test_under_load(own_postgres: EmbeddedPostgres, tmp_path: Path, mode: str) -> None:
    await migrate(own_postgres.dsn)
    await clinic_data.load(own_postgres.dsn, 3)
    async with loaded(own_postgres.dsn, tmp_path) as (load, process):
        await load.until(load.before, "200", 5)
        await asyncio.to_thread(STOPS[mode], own_postgres)
        await asyncio.sleep(AWAY_SECONDS)
        await load.until(load.before, "503 SERVICE_UNAVAILABLE", 5)
        answer = await load.http.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]["database"][:17]) == (503, "cannot be reached")
        assert (await load.http.get("/healthz")).status_code == 200
        await asyncio.to_thread(own_postgres.start)
        await ready(load.http, process)
        load.back.set()
        await load.until(load.after, "200", 20)
    assert {answer for _, answer in load.before} == {"200", "503 SERVICE_UNAVAILABLE"}, load.before
    assert {answer for _, answer in load.after} == {"200"}, load.after
    for counter in (load.before, load.after):
        print({answer: sum(n for (_, each), n in counter.items() if each == answer) for _, answer in counter})


async def test_when_all_connections_are_taken(clinic: str) -> None:
    """Whoever waits for one is told so at the deadline; what needs none is answered, and afterwards so is everybody."""
    settings = Settings(wire=Wire(show_cost=False, operation_timeout=3.0))
    headers = {"x-test-viewer": "service"}
    async with serving_here(clinic, works=False, settings=settings) as served, served.http as http:

        async def ask(query: str) -> tuple[int, list[str]]:
            answer = await http.post("/graphql", json={"query": query}, headers=headers)
            return answer.status_code, [each["extensions"]["code"] for each in answer.json().get("errors", [])]

        pools = served.app.endpoint.pools
        sql = await asyncpg.connect(clinic)
        async with sql.transaction():
            await sql.execute("LOCK TABLE doctors IN ACCESS EXCLUSIVE MODE")
            tasks = [asyncio.create_task(ask(query)) for query in (LIST, LOOKUP) for _ in range(30)]
            async with asyncio.timeout(SOON):
                while not (pools.lists.use.waiting or pools.lookups.use.waiting):
                    assert not all(task.done() for task in tasks)
                    await asyncio.sleep(0.01)
            assert await ask("{ __typename }") == (200, [])
            assert (await http.get("/healthz")).status_code == 200
            async with asyncio.timeout(SOON):
                answers = await asyncio.gather(*tasks)
            assert {code for _, codes in answers for code in codes} == {"TIMEOUT"}, answers
            assert all(codes for _, codes in answers)
        await sql.close()
        for query in (LIST, LOOKUP) * 10:
            assert await ask(query) == (200, [])
        assert [pool.use.waiting for pool in (pools.lists, pools.lookups)] == [0, 0]
