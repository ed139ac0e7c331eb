"""Operations that end before they are done: their statements end too, and nothing is left half."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from loaders.connections import Connections
from server.app import create_app
from server.database import connecting, migrate, open_pools
from server.deadlines import Deadline, DeadlinePassed, HungUp, Turn
from server.embedded import EmbeddedPostgres
from server.settings import ExecutorName, Settings
from server.wire import Wire
from tests.client import Client, viewer_of
from tests.clinic_data import NOW
from tests.streams.serving import SOON, serving

QUERY = "{ clinics(first: 1) { edges { node { name } } } }"
MUTATION = """
mutation ($name: String!) { updateMe(input: {name: $name, idempotencyKey: "k"}) { user { name } userErrors { code } } }
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""
SHORT = Settings(wire=Wire(show_cost=False, operation_timeout=0.5))
LONG = Settings(wire=Wire(show_cost=False, operation_timeout=60))


@asynccontextmanager
async def locked(dsn: str, table: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A table that nobody can read or write until the end of the block; and a connection to look on with."""
    connection, looking_on = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield looking_on
    finally:
        await connection.close()
        await looking_on.close()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SOON):
        while not await holds():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def opened(dsn: str, settings: Settings) -> AsyncIterator[Client]:
    app = create_app(dsn, settings, viewer_of=viewer_of, clock=lambda: NOW)
    async with app.lifespan:
        client = Client(app)
        async with client.http:
            yield client


async def test_a_query_that_takes_too_long(clinic: str) -> None:
    async with opened(clinic, SHORT) as client:
        async with locked(clinic, "clinics") as sql:
            answers = await asyncio.gather(*(client.ask(QUERY) for _ in range(8)))
            for answer in answers:
                assert answer.response.status_code == 504
                assert answer.body == {
                    "errors": [{"message": "this took longer than 0.5 s", "extensions": {"code": "TIMEOUT"}}]
                }
            await until(lambda: _none(sql))
        for _ in range(12):  # in place of every connection that was cancelled, and more
            assert (await client.ask(QUERY)).codes == []
        assert len(client.app.endpoint.pools.lists._idle) == client.app.endpoint.pools.lists._open


async def _none(sql: "asyncpg.Connection[Any]") -> bool:
    return int(await sql.fetchval(WAITING)) == 0


async def _some(sql: "asyncpg.Connection[Any]") -> bool:
    return int(await sql.fetchval(WAITING)) > 0


async def test_slow_queries_do_not_keep_quick_ones_waiting(clinic: str) -> None:
    async with opened(clinic, LONG) as client:
        async with locked(clinic, "clinics") as sql:
            slow = [asyncio.create_task(client.ask(QUERY)) for _ in range(3)]
            await until(lambda: _some(sql))
            async with asyncio.timeout(SOON):
                assert (await client.ask("{ doctor(id: 1) { id } __typename }")).body["data"]["__typename"] == "Query"
            assert not any(task.done() for task in slow)
        for answer in await asyncio.gather(*slow):
            assert answer.codes == []


async def test_a_mutation_that_takes_too_long_changes_nothing(clinic: str) -> None:
    async with opened(clinic, SHORT) as client:
        async with locked(clinic, "audit_records") as sql:
            answer = await client.ask(MUTATION, {"name": "Somebody else"}, viewer="patient")
            assert answer.codes == ["TIMEOUT"]
            assert "idempotencyKey" in answer.body["errors"][0]["message"]
            await until(lambda: _none(sql))
        connection = await asyncpg.connect(clinic)
        assert await connection.fetchval("SELECT count(*) FROM users WHERE name = 'Somebody else'") == 0
        await connection.close()
        again = await client.ask(MUTATION, {"name": "Somebody else"}, viewer="patient")
        assert again.data["updateMe"]["user"] == {"name": "Somebody else"}


SLOW_COMMIT = """
CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER doze AFTER UPDATE ON clinics DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION doze();
"""
COMMITTING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'"
)


async def test_a_commit_that_has_begun_is_finished(clinic: str) -> None:
    sql = await asyncpg.connect(clinic)
    await sql.execute(SLOW_COMMIT)
    connections = Connections(connecting(clinic), 1)

    async def write() -> None:
        async with connections.transaction() as connection:
            await connection.execute("UPDATE clinics SET phone = '+1 555 0199' WHERE id = 1")

    async def committing() -> bool:
        return int(await sql.fetchval(COMMITTING)) > 0

    writing = asyncio.create_task(write())
    await until(committing)
    for _ in range(3):
        writing.cancel()
        await asyncio.sleep(0.01)
    with pytest.raises(asyncio.CancelledError):
        await writing
    rows = await connections.fetch("SELECT phone FROM clinics WHERE id = 1", (), asyncpg.Record)
    assert [row["phone"] for row in rows] == ["+1 555 0199"]
    await connections.close()
    await sql.close()


async def test_a_late_cancellation_meets_no_other_statement(clinic: str) -> None:
    connections = Connections(connecting(clinic), 1)
    for n in range(40):
        reading = asyncio.create_task(connections.fetch("SELECT pg_sleep(0.005)", (), asyncpg.Record))
        await asyncio.sleep(0.004 + n / 20_000)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert await connections.fetch("SELECT pg_sleep(0.002)", (), asyncpg.Record)
    await connections.close()


@pytest.mark.parametrize("executor", ExecutorName)
async def test_a_client_that_hangs_up_ends_its_query(executor: ExecutorName, clinic: str) -> None:
    settings = replace(LONG, executor=executor)
    async with serving(clinic, works=False, settings=settings) as served, locked(clinic, "clinics") as sql:
        _reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        body = b'{"query": "%s"}' % QUERY.encode()
        head = b"POST /graphql HTTP/1.1\r\nHost: a\r\nX-Test-Viewer: service\r\nContent-Type: application/json\r\n"
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await until(lambda: _some(sql))
        writer.close()
        await until(lambda: _none(sql))


async def test_a_mutation_is_done_though_its_client_hangs_up(clinic: str) -> None:
    async with serving(clinic, works=False, settings=LONG) as served:
        async with locked(clinic, "audit_records") as sql:
            async with served.http as http:
                request = {"query": MUTATION, "variables": {"name": "Done"}}
                asking = asyncio.create_task(http.post("/graphql", json=request, headers={"x-test-viewer": "patient"}))
                await until(lambda: _some(sql))
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
            await asyncio.sleep(0.4)  # long enough to notice that nobody waits
            assert await _some(sql)
        connection = await asyncpg.connect(clinic)

        async def done() -> bool:
            return int(await connection.fetchval("SELECT count(*) FROM users WHERE name = 'Done'")) == 1

        await until(done)
        await connection.close()


async def test_postgresql_ends_what_nobody_cancelled(clinic: str) -> None:
    async with open_pools(clinic, -4.9) as pools:
        with pytest.raises(asyncpg.QueryCanceledError):
            await pools.lookups.fetch("SELECT pg_sleep(60)", (), asyncpg.Record)
        assert await pools.writes.fetch("SELECT 1 AS one", (), asyncpg.Record)


async def test_what_ends_a_block() -> None:
    with pytest.raises(DeadlinePassed):
        async with Deadline(0.01):
            await asyncio.sleep(SOON)

    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    with pytest.raises(HungUp):
        async with Deadline(SOON, gone):
            await asyncio.sleep(SOON)
    with pytest.raises(ValueError, match="its own"):
        async with Deadline(SOON):
            raise ValueError("its own")

    async def cancelled() -> None:
        async with Deadline(SOON):
            await asyncio.sleep(SOON)

    task = asyncio.create_task(cancelled())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_turn_is_given_back_once() -> None:
    turns = asyncio.Semaphore(1)
    turn = Turn(turns)
    async with turn:
        assert turns.locked()
        turn.give_back()
        async with turns:
            pass
    async with turns:
        assert turns.locked()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can pass."""
    with tempfile.TemporaryDirectory(prefix="clinicgraph-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


async def test_a_database_that_goes_away_and_comes_back(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder)
    dsn = await asyncio.to_thread(postgres.start)
    try:
        await migrate(dsn)
        async with opened(dsn, Settings(wire=Wire(show_cost=False, operation_timeout=5))) as client:
            assert (await client.ask(QUERY)).codes == []
            await asyncio.to_thread(postgres.stop)
            for query, viewer in ((QUERY, "service"), (QUERY, "anonymous"), (MUTATION, "patient")):
                async with asyncio.timeout(SOON):
                    answer = await client.ask(query, {"name": "x"} if "$name" in query else {}, viewer=viewer)
                assert (answer.response.status_code, answer.codes) == (503, ["SERVICE_UNAVAILABLE"])
                assert answer.response.headers["retry-after"] == "1"
            assert (await client.http.get("/readyz")).status_code == 503
            assert (await client.http.get("/healthz")).status_code == 200
            await asyncio.to_thread(postgres.start)
            for _ in range(3):
                answer = await client.ask(QUERY)
                assert (answer.response.status_code, answer.codes) == (200, [])

            async def ready() -> bool:
                return (await client.http.get("/readyz")).status_code == 200

            await until(ready)
    finally:
        await asyncio.to_thread(postgres.stop)


async def test_who_is_there_cannot_be_said_without_a_database(three: str) -> None:
    async def nobody_knows(_scope: object) -> Any:
        raise ConnectionRefusedError

    async def broken(_scope: object) -> Any:
        raise KeyError("a secret")

    app = create_app(three, LONG, viewer_of=nobody_knows)
    async with app.lifespan, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a.test") as http:
        response = await http.post("/graphql", json={"query": QUERY})
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (
            503,
            "SERVICE_UNAVAILABLE",
        )
        app.endpoint.viewer_of = broken
        response = await http.post("/graphql", json={"query": QUERY})
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (
            500,
            "INTERNAL_SERVER_ERROR",
        )
        assert "secret" not in response.text
