"""Who runs in the cluster now? Answered by looking at the process, never by believing postmaster.pid."""

import json
import signal
import time
from pathlib import Path

import psutil

from server.embedded.errors import EmbeddedPostgresError

# On the command line of each PostgreSQL that we start: an administrator's own has it not.
MARK = "cluster_name=clinicgraph"
# And the titles of its children begin with this.
_SESSION = "postgres: clinicgraph: "

_PATIENCE = 60.0


def clear_the_way(cluster: Path, uid: int) -> int | None:
    """Wait until no PostgreSQL of an earlier owner runs in the cluster; the caller holds its lock.

    Such a one has lost its owner: it is being stopped by its watchdog, and asked to stop once more. A process
    that is not our PostgreSQL in this very cluster is left alone: its number, if postmaster.pid names it, is
    returned, so that PostgreSQL can be told not to mind it.
    """
    deadline = time.monotonic() + _PATIENCE
    asked: psutil.Process | None = None
    while (pid := _named_process(cluster)) is not None:
        orphan = _postgres(pid, cluster, uid)
        if orphan is None:
            return pid
        if not _is_ours(orphan):
            raise EmbeddedPostgresError(
                f"another PostgreSQL (process {pid}) runs in {cluster}, which was not started by Clinicgraph: "
                f"stop it first, with pg_ctl stop -D {cluster}"
            )
        if (owner := _living_owner(orphan)) is not None:
            raise EmbeddedPostgresError(f"the PostgreSQL cluster {cluster} is in use by process {owner}")
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"PostgreSQL (process {pid}) of an earlier run is still shutting down in {cluster}: try again later"
            )
        if asked != orphan:
            end(orphan, signal.SIGINT)
            asked = orphan
        time.sleep(0.02)
    return None


def end_remains(cluster: Path, uid: int) -> None:
    """End the sessions that have outlived a killed PostgreSQL of ours, busy with a long statement.

    They would be rolled back in any case, and until they are gone PostgreSQL does not start. The caller has
    cleared the way: none of them belongs to a PostgreSQL that runs.
    """
    for process in psutil.process_iter():
        try:
            if not process.cmdline()[0].startswith(_SESSION) or _postgres(process.pid, cluster, uid) is None:
                continue
        except (psutil.Error, LookupError):
            continue
        end(process, signal.SIGQUIT)


def is_ready(cluster: Path, pid: int) -> bool:
    """Whether the postmaster with this process id says that it takes connections."""
    lines = _read(cluster)
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def end(process: psutil.Process, sent: signal.Signals) -> None:
    """Send a signal, unless the process has ended and its number is another's."""
    try:
        process.send_signal(sent)
    except psutil.NoSuchProcess:
        return


def _named_process(cluster: Path) -> int | None:
    """The process postmaster.pid names, if there is such a file; one without a number is removed."""
    path = cluster / "postmaster.pid"
    deadline = time.monotonic() + 1.0
    while lines := _read(cluster) or (["?"] if path.exists() else []):
        number = lines[0].strip().removeprefix("-")
        if number.isdecimal() and int(number) > 0:
            return int(number)
        # Empty for an instant while PostgreSQL writes it; for longer, after a crash on a full disk.
        if time.monotonic() > deadline:
            path.unlink(missing_ok=True)
        time.sleep(0.02)
    return None


def _read(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _postgres(pid: int, cluster: Path, uid: int) -> psutil.Process | None:
    """The process, if it is a live PostgreSQL of this user in this cluster: that is its working directory."""
    try:
        process = psutil.Process(pid)
        is_alive = process.uids().real == uid and process.status() != psutil.STATUS_ZOMBIE
        if is_alive and process.name() == "postgres" and Path(process.cwd()).samefile(cluster):
            return process
    except (psutil.Error, OSError):
        # It has ended, or it is hidden from us and so not one that we have started.
        return None
    return None


def _is_ours(process: psutil.Process) -> bool:
    try:
        command = process.cmdline()
    except psutil.NoSuchProcess:
        return True
    # Killed and about to go, it has none any more.
    return not command or MARK in command


def _living_owner(postmaster: psutil.Process) -> int | None:
    """The process that owns it, if it lives: its watchdog is then still its child.

    The lock says so too, but somebody may have removed the lock file.
    """
    try:
        watchdog = postmaster.parent()
        owner = json.loads(watchdog.cmdline()[-1])["owner"] if watchdog is not None else None
        return int(owner) if watchdog is not None and watchdog.ppid() == owner else None
    except (psutil.Error, LookupError, TypeError, ValueError):
        return None
