"""Owners of an embedded PostgreSQL as separate processes, and what the tests ask about them."""

import asyncio
import contextlib
import json
import os
import pwd
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import asyncpg
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]
_PROGRAM = Path(__file__).with_name("owner.py")
_SECONDS = 20.0


class Owner:
    """The program owner.py in a process: it has answered when this object is there."""

    def __init__(self, data_dir: Path, *more: Path, python: str = sys.executable, uid: int | None = None) -> None:
        packages = Path(asyncpg.__file__).parents[1]
        self.process = subprocess.Popen(
            [python, "-B", str(_PROGRAM), str(data_dir), *map(str, more)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{packages}", "PYTHONWARNINGS": "error"},
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
        )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], _SECONDS)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.process.kill()
            raise AssertionError(f"no answer: {self.process.communicate()[1].decode()}")
        self.answer: dict[str, str] = json.loads(line)
        self.dsn = self.answer.get("dsn", "")

    def tell(self, word: str) -> tuple[int, str]:
        """Say how to end; returns the exit code and the standard error once it has."""
        _, said = self.process.communicate(f"{word}\n".encode(), timeout=_SECONDS)
        return self.process.returncode, said.decode()

    def send(self, sent: signal.Signals) -> int:
        self.process.send_signal(sent)
        self.process.communicate(timeout=_SECONDS)
        return self.process.returncode

    def watchdog(self) -> psutil.Process:
        (child,) = psutil.Process(self.process.pid).children()
        return child

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(_SECONDS)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


def fetch(dsn: str, *statements: str) -> Any:
    """Run the statements in one session; the first value of the last one."""

    async def run() -> Any:
        connection = await asyncpg.connect(dsn, timeout=_SECONDS)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close(timeout=_SECONDS)

    return asyncio.run(run())


def keep_a_row(dsn: str) -> None:
    fetch(dsn, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (42) RETURNING n")


def kept_row(dsn: str) -> int:
    found = fetch(dsn, "SELECT n FROM kept")
    assert isinstance(found, int)
    return found


def cluster_of(data_dir: Path) -> Path:
    return (data_dir / "postgres" / "cluster").resolve()


def postmaster_of(data_dir: Path) -> psutil.Process:
    return psutil.Process(int((cluster_of(data_dir) / "postmaster.pid").read_text().split()[0]))


def processes_in(folder: Path) -> list[psutil.Process]:
    """The processes that work in or below the folder: every PostgreSQL process does, in its cluster."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if Path(process.cwd()).is_relative_to(folder):
                found.append(process)
    return found


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended; the system's first process may take its time to collect it."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)


@contextlib.contextmanager
def bystander(uid: int | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """An innocent process; it must be alive at the end."""
    process = subprocess.Popen(["/bin/sleep", "120"], user=uid)
    try:
        yield process
        assert process.poll() is None, "an innocent process was killed"
    finally:
        process.kill()
        process.wait()


def ordinary_user() -> tuple[int, str] | None:
    """A user id other than root's, with a Python that it can run here; None if there is none."""
    if os.geteuid() != 0:
        return os.geteuid(), sys.executable
    uid = pwd.getpwnam("nobody").pw_uid
    packages = Path(asyncpg.__file__).parents[1]
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}", "/usr/bin/python3"):
        code = f"import sys; sys.path[:0] = ['{ROOT}', '{packages}']; import asyncpg, psutil, server.embedded"
        with contextlib.suppress(OSError):
            command = [python, "-B", "-c", code]
            done = subprocess.run(
                command,
                user=uid,
                group=uid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
            if done.returncode == 0:
                return uid, python
    return None


IS_ROOT = os.geteuid() == 0
ORDINARY_USER = ordinary_user()
as_root = pytest.mark.skipif(not IS_ROOT, reason="it is about running as root")
