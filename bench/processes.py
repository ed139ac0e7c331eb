"""Server processes: each on the measured core, watched, and stopped by its process id."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

START_SECONDS = 60.0
IDLE_SECONDS = 30.0


class ServerError(Exception):
    """A server did not start, answered wrongly or differently, or ended."""


class Cores:
    """One core for the measured process, the others for PostgreSQL and the load; None where that cannot be had.

    If they are `shared`, everybody may have any of them.
    """

    def __init__(self, *, shared: bool = False) -> None:
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") and not shared else []
        self.measured = {cores[-1]} if len(cores) > 1 else None
        self.others = set(cores[:-1]) if len(cores) > 1 else None

    def leave_the_measured(self) -> None:
        """Moves this process and those it has started, PostgreSQL among them, to the other cores."""
        if self.others is not None:
            for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
                with suppress(ProcessLookupError):  # a session of PostgreSQL may just have ended
                    os.sched_setaffinity(process.pid, self.others)

    @contextmanager
    def on_the_measured(self) -> Iterator[None]:
        """What is started meanwhile, threads included, runs on the measured core."""
        if self.measured is None or self.others is None:
            yield
            return
        os.sched_setaffinity(0, self.measured)
        try:
            yield
        finally:
            os.sched_setaffinity(0, self.others)


class Server:
    """A running server process."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        cwd: Path,
        environment: Mapping[str, str],
        log: Path,
        cores: Cores,
    ) -> None:
        self._name = name
        self._log = log
        with log.open("wb") as output, cores.on_the_measured():
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._watched = psutil.Process(self._process.pid)
        self.peak_mib = 0.0

    def check(self) -> None:
        """Raises ServerError, with the end of what it said, if it has ended."""
        if self._process.poll() is not None:
            said = self._log.read_text(errors="replace").strip().splitlines()[-12:]
            raise ServerError(f"{self._name} ended with code {self._process.returncode}:\n  " + "\n  ".join(said))

    def wait_for(self, port: int) -> None:
        """Until it listens there. Raises ServerError if it does not."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.check()
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ServerError(f"nobody listens on port {port}: {error}") from error
                time.sleep(0.1)
            else:
                return

    def resident_mib(self) -> float:
        return float(self._watched.memory_info().rss) / 2**20

    def cpu_seconds(self) -> float:
        """User and system time so far of the process, of those that it has started, and of all their threads."""
        times = [process.cpu_times() for process in (self._watched, *self._watched.children(recursive=True))]
        return sum(each.user + each.system for each in times)

    def holder(self, port: int) -> int:
        """The id of the process that holds the connection which comes from a local port. Raises ServerError."""
        for process in (self._watched, *self._watched.children(recursive=True)):
            if any(each.raddr and each.raddr.port == port for each in process.net_connections("tcp")):
                return process.pid
        raise ServerError(f"no process of {self._name} holds the connection from port {port}")

    def settle(self) -> None:
        """Waits until it has finished what was abandoned, so that nobody else pays for it."""
        deadline = time.monotonic() + IDLE_SECONDS
        before = self.cpu_seconds()
        while time.monotonic() < deadline:
            time.sleep(0.1)
            after = self.cpu_seconds()
            if after - before < 0.02:
                break
            before = after
        self.note_memory()

    def note_memory(self) -> None:
        """Linux keeps the peak itself; elsewhere it is the most that was seen. With the processes that it started."""
        processes = (self._watched, *self._watched.children(recursive=True))
        self.peak_mib = max(self.peak_mib, sum(_peak_mib(process) for process in processes))

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _peak_mib(process: psutil.Process) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return float(process.memory_info().rss) / 2**20
