"""The process between Clinicgraph and PostgreSQL: a program of its own, run as `python watchdog.py ORDER`.

It starts PostgreSQL as its child and stops it when its standard input closes, which the system does however
the owner ends, SIGKILL included. It signals its own child only, which nobody else can reap, so a process id
used again is never hit. PostgreSQL that dies (not: that was shut down) is started again.

ORDER is a JSON object, see `Order`. It says `started PID`, `ended CODE` or `failed REASON` on its standard
output; the owner writes a byte once PostgreSQL takes connections, and only from then on is it started again.
Imports nothing but the standard library.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TypedDict

_OWNER = 0
_PDEATHSIG = 1
# Fast shutdown; without a checkpoint; and if it does not even react to that, the end.
_STOP = ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))
_MOST_RESTARTS = 30
_LONG_LIVED = 10.0


class Order(TypedDict):
    """`owner` is its process id; `stale_pid` what PostgreSQL is not to mind; `remove` a folder, at the end."""

    owner: int
    command: list[str]
    environment: dict[str, str]
    log: str
    user: int | None
    group: int | None
    extra_groups: list[int] | None
    stale_pid: int | None
    remove: str | None


def main() -> int:
    order: Order = json.loads(sys.argv[1])
    bell = _listen_to_signals()
    restarts, is_confirmed, stale_pid = 0, False, order["stale_pid"]
    try:
        while True:
            try:
                server = _launch(order, stale_pid)
            except (OSError, subprocess.SubprocessError) as error:
                _tell(f"failed {error}")
                return 1
            started = time.monotonic()
            _tell(f"started {server.pid}")
            while server.poll() is None:
                word = _next_word(bell)
                if word == b"":
                    _stop(server)
                    return 0
                is_confirmed = is_confirmed or word is not None
            restarts = 0 if time.monotonic() - started > _LONG_LIVED else restarts + 1
            if server.returncode == 0 or not is_confirmed or restarts > _MOST_RESTARTS:
                _tell(f"ended {server.returncode}")
                return 1
            # It may refuse while backends of the dead one still hold its memory: they go within moments.
            stale_pid = server.pid
            if _next_word(bell, timeout=min(0.05 * 2**restarts, 2)) == b"":
                return 0
    finally:
        if order["remove"]:
            _remove(Path(order["remove"]))


def _launch(order: Order, stale_pid: int | None) -> "subprocess.Popen[bytes]":
    environment = dict(order["environment"])
    if stale_pid is not None:
        # PostgreSQL takes a lock file with this number for a stale one, and yet makes sure that the memory
        # it names is no longer used: it is the way pg_ctl tells it of itself.
        environment["PG_GRANDPARENT_PID"] = str(stale_pid)
    watchdog = os.getpid()

    def end_with_watchdog() -> None:
        # For a SIGKILL of the watchdog. Here, because a change of user would clear it, and because the
        # watchdog has a single thread: the kernel means the thread, not the process.
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGINT)
        if os.getppid() != watchdog:
            os._exit(1)

    with Path(order["log"]).open("ab") as log:
        return subprocess.Popen(
            order["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment,
            user=order["user"],
            group=order["group"],
            extra_groups=order["extra_groups"],
            preexec_fn=end_with_watchdog if sys.platform == "linux" else None,  # noqa: PLW1509 - one thread
        )


def _listen_to_signals() -> int:
    """Be deaf to Ctrl-C and SIGTERM, which are the owner's to obey; a file descriptor tells of ended children."""
    bell, ring = os.pipe()
    os.set_blocking(bell, False)
    os.set_blocking(ring, False)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    for deaf_to in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(deaf_to, lambda _number, _frame: None)
    return bell


def _next_word(bell: int, timeout: float | None = None) -> bytes | None:
    """What the owner says (b"" if it is gone), or None when a child may have ended or the time is over."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([_OWNER, bell], [], [], left)
        if _OWNER in ready:
            return os.read(_OWNER, 64)
        if bell in ready:
            os.read(bell, 4096)
        if deadline is None or not ready:
            return None


def _stop(server: "subprocess.Popen[bytes]") -> None:
    for sent, seconds in _STOP:
        server.send_signal(sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(seconds)
            return


def _tell(line: str) -> None:
    # The owner may be gone.
    with contextlib.suppress(OSError):
        os.write(1, f"{line}\n".encode())


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for entry in folder.iterdir():
            entry.unlink()
        folder.rmdir()


if __name__ == "__main__":
    sys.exit(main())
