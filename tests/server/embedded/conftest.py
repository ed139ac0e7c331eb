"""Data directories for an embedded PostgreSQL."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.embedded import EmbeddedPostgres
from tests.server.embedded.owning import (
    processes_in,
    wait_until,
)


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
