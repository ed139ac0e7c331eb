"""The embedded PostgreSQL while it runs, with real processes: each test kills only what it has started."""

import asyncio
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from server.embedded import EmbeddedPostgres, EmbeddedPostgresError, create_database, drop_database
from server.embedded.binaries import packaged_binaries
from tests.server.embedded.owning import (
    Owner,
    as_root,
    cluster_of,
    fetch,
    is_gone,
    keep_a_row,
    kept_row,
    postmaster_of,
)


def test_data_survive_a_restart(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir)
    with postgres:
        keep_a_row(postgres.dsn)
        first = postmaster_of(data_dir)
        assert postgres.start() == postgres.dsn, "a second start is none"
        assert postmaster_of(data_dir) == first
    assert is_gone(first)
    assert kept_row(postgres.start()) == 42
    postgres.stop()
    postgres.stop()


def test_its_settings(folder: Path) -> None:
    data_dir = folder / "data"
    with EmbeddedPostgres(data_dir) as postgres:
        wanted = {
            "listen_addresses": "",
            "fsync": "on",
            "max_connections": "100",
            "shared_buffers": "256MB",
            "jit": "off",
            "TimeZone": "UTC",
            "server_encoding": "UTF8",
        }
        assert {name: fetch(postgres.dsn, f"SHOW {name}") for name in wanted} == wanted
        locale = "SELECT datlocale FROM pg_database WHERE datname = current_database()"
        assert fetch(postgres.dsn, locale) == "C.UTF-8"
        assert fetch(postgres.dsn, "SELECT upper('é') || (SELECT max(s) FROM unnest('{a,B}'::text[]) s)") == "Éa"
        assert not postmaster_of(data_dir).net_connections("inet"), "no TCP"
        assert "ready to accept connections" in (data_dir / "postgres" / "postgres.log").read_text()


def test_only_its_owner_can_enter(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        for private in (cluster_of(data_dir), data_dir / "postgres" / "socket"):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
            assert private.stat().st_uid != 0
        assert postmaster_of(data_dir).uids().real == cluster_of(data_dir).stat().st_uid


@as_root
def test_another_user_is_let_in_nowhere(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        # Even one that the socket's folder was opened to.
        (data_dir / "postgres" / "socket").chmod(0o711)
        psql = str(packaged_binaries() / "psql")
        done = subprocess.run(
            [psql, "-w", "-c", "SELECT 1", postgres.dsn],
            user="nobody",
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
        assert b"Peer authentication failed" in done.stderr


def test_sqlalchemy_takes_the_dsn(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")

    async def ask(dsn: str) -> object:
        engine = create_async_engine(make_url(dsn).set(drivername="postgresql+asyncpg"))
        async with engine.connect() as connection:
            answer = (await connection.execute(text("SELECT current_database()"))).scalar()
        await engine.dispose()
        return answer

    with EmbeddedPostgres(data_dir) as postgres:
        assert asyncio.run(ask(postgres.dsn)) == "clinicgraph"
        assert fetch(postgres.dsn, "SELECT 1") == 1


def test_databases_come_and_go(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        keep_a_row(postgres.dsn)
        copy = asyncio.run(create_database(postgres.dsn, 'a "copy', template="clinicgraph"))
        assert kept_row(copy) == 42
        with pytest.raises(asyncpg.DuplicateDatabaseError):
            asyncio.run(create_database(postgres.dsn, 'a "copy'))
        for _ in range(2):
            asyncio.run(drop_database(postgres.dsn, 'a "copy'))
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            fetch(copy, "SELECT 1")
        asyncio.run(drop_database(postgres.dsn, "clinicgraph"))
        postgres.stop()
        assert fetch(postgres.start(), "SELECT 1") == 1, "our database is made again"


def test_there_is_one_owner(data_dir: Path) -> None:
    with Owner(data_dir) as owner:
        with pytest.raises(EmbeddedPostgresError) as raised:
            EmbeddedPostgres(data_dir).start()
        assert f"{data_dir} is in use by process {owner.process.pid}" in str(raised.value)
        assert "\n" not in str(raised.value)
        with Owner(data_dir) as second:
            assert "is in use by process" in second.answer["error"]
            assert second.process.wait(20) == 3
        assert fetch(owner.dsn, "SELECT 1") == 1
        owner.tell("stop")


def test_there_is_one_owner_without_a_lock_file_too(data_dir: Path) -> None:
    with Owner(data_dir) as owner:
        (data_dir / "postgres.lock").unlink()
        with pytest.raises(EmbeddedPostgresError, match=f"in use by process {owner.process.pid}"):
            EmbeddedPostgres(data_dir).start()
        assert fetch(owner.dsn, "SELECT 1") == 1


def test_two_at_once(folder: Path) -> None:
    def use(number: int) -> int:
        with EmbeddedPostgres(folder / str(number)) as postgres:
            fetch(postgres.dsn, f"CREATE TABLE mine AS SELECT {number} AS n", "SELECT 1")
            found = fetch(postgres.dsn, "SELECT n FROM mine")
            assert isinstance(found, int)
            return found

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(use, range(2))) == [0, 1]
