"""Its owner, its watchdog or the embedded PostgreSQL itself is killed: nothing is left behind, and nothing is lost."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest

from server.embedded import EmbeddedPostgres
from tests.server.embedded.owning import (
    Owner,
    cluster_of,
    fetch,
    is_gone,
    keep_a_row,
    kept_row,
    postmaster_of,
    processes_in,
    wait_until,
)


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
