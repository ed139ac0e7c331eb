"""The server as a process: it starts from nothing, answers, says in one line what is wrong, and stops cleanly."""

import asyncio
import json
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
    return await command_at(ROOT, *arguments, **environment)


async def command_at(tree: Path, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    known = {name: value for name, value in os.environ.items() if not name.startswith(("CLINICGRAPH", "DATABASE"))}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *arguments),
        cwd=tree,
        env=known | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def said(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """How a process ended, and all it said."""
    output, _ = await asyncio.wait_for(process.communicate(), START_SECONDS)
    return process.returncode, output.decode()


@asynccontextmanager
async def serving(
    dsn: str, data_dir: Path, *options: str
) -> AsyncIterator[tuple[httpx.AsyncClient, asyncio.subprocess.Process]]:
    port = free_port()
    process = await command(
        "serve", "--port", str(port), *options, DATABASE_URL=dsn, CLINICGRAPH_DATA_DIR=str(data_dir)
    )
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
async def test_it_migrates_answers_and_stops(empty_database: str, tmp_path: Path, workers: str) -> None:
    async with serving(empty_database, tmp_path, "--workers", workers) as (http, process):
        answer = await http.post("/graphql", json={"query": "{ doctors { edges { cursor } } }"})
        assert answer.json()["data"] == {"doctors": {"edges": []}}
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        code, output = await said(process)
    assert (code, "Traceback" in output) == (0, False), output


async def test_a_request_under_way_is_finished(empty_database: str, tmp_path: Path) -> None:
    """A query that waits for a lock is answered after SIGTERM, once the lock is gone."""
    async with serving(empty_database, tmp_path) as (http, process):
        locking = await asyncpg.connect(empty_database)
        transaction = locking.transaction()
        await transaction.start()
        await locking.execute("LOCK TABLE doctors IN ACCESS EXCLUSIVE MODE")
        asked = asyncio.create_task(http.post("/graphql", json={"query": "{ doctors { edges { cursor } } }"}))
        while not await locking.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.02)  # the lock table has no event to wait for
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        assert not asked.done()
        await transaction.rollback()
        assert (await asked).json()["data"] == {"doctors": {"edges": []}}
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


async def test_production_refuses(empty_database: str, tmp_path: Path) -> None:
    production = {"CLINICGRAPH_ENV": "production", "DATABASE_URL": empty_database}
    code, output = await said(await command("serve", **production))
    assert code == 1
    assert "refuses to start" in output
    assert "CLINICGRAPH_SECRET_KEY is not set" in output
    for command_ in (("token", "--role", "doctor"), ("seed", "--replace")):
        code, output = await said(await command(*command_, **production))
        assert (code, "development only" in output) == (1, True)
    sizes = [f"--{name}={n}" for name, n in {"clinics": 1, "doctors": 1, "patients": 5, "slots": 60}.items()]
    small = ("seed", *sizes, "--appointments=5", "--payments=2")
    assert (await said(await command(*small, DATABASE_URL=empty_database)))[0] == 0
    whole = production | {
        "CLINICGRAPH_PUBLIC_URL": "https://clinic.example",
        "CLINICGRAPH_SECRET_KEY": "k" * 32,
        "CLINICGRAPH_SMTP_URL": "smtp://127.0.0.1:1?from=clinic@clinic.example",
        "CLINICGRAPH_PORT": str(free_port()),
        "CLINICGRAPH_PAYMENT_GATEWAY": "stripe",
        "STRIPE_API_KEY": "sk_test_none",
        "STRIPE_WEBHOOK_SECRET": "whsec_none",
    }
    for more, complaint in (
        ({"CLINICGRAPH_SECRET_KEY": "short"}, "CLINICGRAPH_SECRET_KEY is too short"),
        ({"CLINICGRAPH_SMTP_URL": "mail.example"}, "CLINICGRAPH_SMTP_URL"),
        ({}, "whose password everybody knows"),
    ):
        code, output = await said(await command("serve", **whole | more))
        (line,) = output.strip().splitlines()
        assert (code, complaint in line) == (1, True), output


async def test_the_commands_of_sign_in(empty_database: str, tmp_path: Path) -> None:
    """Tokens of the command line are good at a server that runs on any port, in all of its processes."""
    known = {"DATABASE_URL": empty_database, "CLINICGRAPH_DATA_DIR": str(tmp_path)}
    async with serving(empty_database, tmp_path, "--workers", "2") as (http, _):
        code, link = await said(await command("admin", "create", "Ada@Example.org", **known))
        assert (code, link.startswith(f"{http.base_url}/oauth/reset?token=")) == (0, True), link
        assert (await http.get(link.strip())).status_code == 200
        scopes = ("--name", "Robot", "--scope", "appointment:read patient:read")
        code, made = await said(await command("client", "create", *scopes, **known))
        assert code == 0
        client = json.loads(made)
        given = await http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
        )
        assert given.json()["scope"] == "appointment:read patient:read"
        sql = await asyncpg.connect(empty_database)
        await sql.execute("UPDATE users SET status = 'ACTIVE'")
        await sql.close()
        code, token = await said(await command("token", "--role", "admin", "--user", "ada@example.org", **known))
        assert code == 0
        for bearer in (token.strip(), given.json()["access_token"]):
            for _ in range(8):  # some by each process
                query = {"query": "{ appointments { edges { cursor } } }"}
                async with httpx.AsyncClient(base_url=http.base_url) as fresh:
                    answer = await fresh.post("/graphql", json=query, headers={"authorization": f"Bearer {bearer}"})
                assert answer.json()["data"] == {"appointments": {"edges": []}}
        for wrong, complaint in (
            (("admin", "create", "nobody"), "is not an email address"),
            (("client", "create", "--name", "x", "--scope", "no:such"), "no:such"),
            (("token", "--role", "doctor"), "there is no active doctor"),
        ):
            code, output = await said(await command(*wrong, **known))
            assert (code, complaint in output, output.count("\n")) == (1, True, 1), output
        code, _ = await said(await command("rotate-keys", **known))
        assert code == 0
        assert len((await http.get("/oauth/jwks")).json()["keys"]) == 2
    assert not (tmp_path / "public.url").exists()
    code, output = await said(
        await command("serve", **known | {"CLINICGRAPH_SECRET_KEY": "another secret, but as long as it has to be"})
    )
    assert (code, "is not the one that the database was written with" in output) == (1, True), output


async def test_not_ready_without_a_database(empty_database: str, tmp_path: Path) -> None:
    async with serving(empty_database, tmp_path) as (http, _):
        sql = await asyncpg.connect(empty_database)
        await sql.execute("UPDATE alembic_version SET version_num = 'old'")
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "ok")
        assert "server migrate" in answer.json()["checks"]["migrations"]
        await sql.close()


async def test_the_request_id(empty_database: str, tmp_path: Path) -> None:
    async with serving(empty_database, tmp_path) as (http, _):
        assert (await http.get("/healthz", headers={"x-request-id": "abc-1"})).headers["x-request-id"] == "abc-1"
        for odd in ("", "a b", "x" * 65, "<script>"):
            given = (await http.get("/healthz", headers={"x-request-id": odd})).headers["x-request-id"]
            assert given != odd
            assert len(given) == 32
