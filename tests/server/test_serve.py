"""The server as a process: it starts from nothing, answers, says in one line what is wrong, and stops cleanly."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


async def command(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    known = {name: value for name, value in os.environ.items() if not name.startswith(("CLINICGRAPH", "DATABASE"))}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *arguments),
        cwd=ROOT,
        env=known | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def said(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """How a process ended, and all it said."""
    output, _ = await asyncio.wait_for(process.communicate(), START_SECONDS)
    return process.returncode, output.decode()


@asynccontextmanager
async def serving(dsn: str, *options: str) -> AsyncIterator[tuple[httpx.AsyncClient, asyncio.subprocess.Process]]:
    port = free_port()
    process = await command("serve", "--port", str(port), *options, DATABASE_URL=dsn)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            await ready(http, process)
            yield http, process
    finally:
        if process.returncode is None:
            process.terminate()
        await said(process)


async def ready(http: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(START_SECONDS):
        while process.returncode is None:
            try:
                if (await http.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    raise AssertionError(await said(process))


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_it_migrates_answers_and_stops(empty_database: str, workers: str) -> None:
    async with serving(empty_database, "--workers", workers) as (http, process):
        answer = await http.post("/graphql", json={"query": "{ doctors { edges { cursor } } }"})
        assert answer.json() == {"data": {"doctors": {"edges": []}}}
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        code, output = await said(process)
    assert (code, "Traceback" in output) == (0, False), output


async def test_a_request_under_way_is_finished(empty_database: str) -> None:
    """A query that waits for a lock is answered after SIGTERM, once the lock is gone."""
    async with serving(empty_database) as (http, process):
        locking = await asyncpg.connect(empty_database)
        transaction = locking.transaction()
        await transaction.start()
        await locking.execute("LOCK TABLE doctors IN ACCESS EXCLUSIVE MODE")
        asked = asyncio.create_task(http.post("/graphql", json={"query": "{ doctors { edges { cursor } } }"}))
        while not await locking.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # the lock table has no event to wait for
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        assert not asked.done()
        await transaction.rollback()
        assert (await asked).json() == {"data": {"doctors": {"edges": []}}}
        await locking.close()
        assert (await said(process))[0] == 0


async def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, output = await said(await command("serve", "--port", str(port), CLINICGRAPH_DATA_DIR=str(tmp_path)))
    assert code == 1
    assert output.strip().splitlines() == [
        f"Error: cannot listen on 127.0.0.1:{port} (Address already in use); choose another with --port"
    ]
    assert list(tmp_path.iterdir()) == []


async def test_a_database_that_is_away_is_one_clear_line() -> None:
    dsn = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    code, output = await said(await command("serve", "--port", str(free_port()), DATABASE_URL=dsn))
    assert code == 1
    (line,) = output.strip().splitlines()
    assert line.startswith("Error: the database cannot be reached: ")


async def test_a_wrong_setting_is_one_clear_line() -> None:
    code, output = await said(await command("serve", CLINICGRAPH_PORT="http"))
    assert (code, output) == (1, "Error: CLINICGRAPH_PORT is 'http', but must be a port number\n")


async def test_production_refuses(empty_database: str) -> None:
    code, output = await said(await command("serve", CLINICGRAPH_ENV="production", DATABASE_URL=empty_database))
    assert code == 1
    assert "refuses to start" in output


async def test_not_ready_without_a_database(empty_database: str) -> None:
    async with serving(empty_database) as (http, _):
        sql = await asyncpg.connect(empty_database)
        await sql.execute("UPDATE alembic_version SET version_num = 'old'")
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "ok")
        assert "server migrate" in answer.json()["checks"]["migrations"]
        await sql.close()


async def test_the_request_id(empty_database: str) -> None:
    async with serving(empty_database) as (http, _):
        assert (await http.get("/healthz", headers={"x-request-id": "abc-1"})).headers["x-request-id"] == "abc-1"
        for odd in ("", "a b", "x" * 65, "<script>"):
            given = (await http.get("/healthz", headers={"x-request-id": odd})).headers["x-request-id"]
            assert given != odd
            assert len(given) == 32
