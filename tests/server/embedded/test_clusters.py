"""Data directories in which the embedded PostgreSQL finds something wrong."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.embedded import EmbeddedPostgres, EmbeddedPostgresError
from server.embedded.binaries import packaged_binaries
from tests.server.embedded.owning import (
    IS_ROOT,
    bystander,
    cluster_of,
    fetch,
    keep_a_row,
    kept_row,
    wait_until,
)


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
