"""What an operator relies on: readiness that says what is wrong, and leaving without losing a request."""

import asyncio
import signal
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from server.app import create_app
from server.identity import prepare
from server.settings import Settings
from server.wire import Wire
from tests.client import viewer_of
from tests.server.redis_server import running_redis
from tests.server.test_serve import command, free_port, ready, said
from tests.streams.serving import SOON

DOCTORS = {"query": "{ doctors(first: 1) { edges { node { licenceNumber } } } }"}
EVENT = """
    INSERT INTO outbox_events (name, aggregate, aggregate_id, sequence, payload, created_at)
    VALUES ('AppointmentBooked', 'Appointment', 1, 1, '{}', now() - interval '5 minutes')
"""


async def checks(http: httpx.AsyncClient) -> tuple[int, dict[str, Any]]:
    answer = await http.get("/readyz")
    return answer.status_code, answer.json()


async def test_readyz_says_what_is_wrong(database: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, public_url="https://clinic.example")
    await prepare(database, settings)
    app = create_app(database, settings)
    sql = await asyncpg.connect(database)
    async with app.lifespan, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a.test") as http:
        parts = ("database", "migrations", "keys", "events", "identity")
        assert await checks(http) == (200, {"status": "ok", "checks": dict.fromkeys(parts, "ok")})
        await sql.execute(EVENT)
        status, body = await checks(http)
        assert (status, body["status"]) == (200, "ok")  # another process's worker: nothing that this one could do
        assert "no worker gives it its position" in body["warnings"]["worker"]
        await sql.execute("UPDATE signing_keys SET retires_at = now()")
        status, body = await checks(http)
        assert (status, [part for part, said in body["checks"].items() if said != "ok"]) == (503, ["keys"])
        await sql.execute("UPDATE alembic_version SET version_num = '0000'")
        status, body = await checks(http)
        assert status == 503
        assert "server migrate" in body["checks"]["migrations"]
    await sql.close()


async def test_readyz_warns_while_redis_is_away(three: str) -> None:
    """It stays ready: callers have their rates at each process meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s")
        app = create_app(three, Settings(wire=Wire(redis_url=f"unix://{path}")), viewer_of=viewer_of)
        transport = httpx.ASGITransport(app)
        async with app.lifespan, httpx.AsyncClient(transport=transport, base_url="http://a.test") as http:
            status, body = await checks(http)
            assert (status, body["status"], "cannot be reached" in body["warnings"]["redis"]) == (200, "ok", True)
            with running_redis(path):
                status, body = await checks(http)
                assert (status, "warnings" in body) == (200, False)


async def test_readyz_says_that_nothing_can_be_heard(clinic: str, postgres: str) -> None:
    app = create_app(clinic, Settings(), viewer_of=viewer_of)
    sql = await asyncpg.connect(postgres)
    name = urlsplit(clinic).path.removeprefix("/")
    async with app.lifespan, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a.test") as http:
        assert (await checks(http))[0] == 200
        await sql.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await sql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        async with asyncio.timeout(SOON):
            while (answer := await checks(http))[1]["checks"].get("events") == "ok":
                await asyncio.sleep(0.05)
        assert (answer[0], answer[1]["checks"]["events"]) == (503, "what happens cannot be heard")
        assert "cannot be reached" in answer[1]["checks"]["database"]
        await sql.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        async with asyncio.timeout(SOON):
            while (await checks(http))[0] != 200:
                await asyncio.sleep(0.05)
    await sql.close()


async def test_a_worker_inside_that_does_not_work_is_not_ready(database: str) -> None:
    app = create_app(database, Settings(), viewer_of=viewer_of, works=True)
    sql = await asyncpg.connect(database)
    async with app.lifespan, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a.test") as http:
        async with sql.transaction():
            await sql.execute("SELECT pg_advisory_xact_lock(7016996765293437282)")  # nobody gives positions meanwhile
            other = await asyncpg.connect(database)
            await other.execute(EVENT)
            await other.close()
            status, body = await checks(http)
            assert (status, body["status"]) == (503, "unavailable")
            assert "no worker" in body["checks"]["worker"]
        async with asyncio.timeout(SOON):
            while (await checks(http))[0] != 200:
                await asyncio.sleep(0.05)
    await sql.close()


async def asking(http: httpx.AsyncClient, stop: asyncio.Event, answers: "Counter[int | str]") -> None:
    """Asks again and again on its connections, until told."""
    while not stop.is_set():
        try:
            answer = await http.post("/graphql", json=DOCTORS, headers={"x-test-viewer": "service"})
            answers[answer.status_code] += 1
        except httpx.HTTPError as error:
            answers[type(error).__name__] += 1
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_sigterm_loses_no_request(empty_database: str, tmp_path: Path, workers: str) -> None:
    """A balancer asks `/readyz`, and sends nobody any more once that is no 200; until then all are answered."""
    port = free_port()
    process = await command(
        *("serve", "--port", str(port), "--workers", workers),
        DATABASE_URL=empty_database,
        CLINICGRAPH_DATA_DIR=str(tmp_path),
        CLINICGRAPH_LEAVE_SECONDS="3",
    )
    saying = asyncio.create_task(said(process))  # so that the log does not fill its pipe
    answers: Counter[int | str] = Counter()
    left = asyncio.Event()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=SOON) as http:
        await ready(http, process)
        load = [asyncio.create_task(asking(http, left, answers)) for _ in range(8)]
        async with asyncio.timeout(SOON):
            while answers[200] < 50:
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            while (answer := await http.get("/readyz")).status_code == 200:
                await asyncio.sleep(0.02)
            assert answer.json()["checks"]["leaving"] != "ok"
            assert answer.headers["connection"] == "close"
            left.set()
            await asyncio.gather(*load)
    assert set(answers) == {200}, answers
    code, output = await asyncio.wait_for(saying, SOON)
    assert (code, "Traceback" in output) == (0, False), output[-2_000:]
