"""The owner's side: starts PostgreSQL, knows its DSN, stops it."""

import atexit
import json
import os
import re
import select
import subprocess
import sys
import time
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from server.embedded import watchdog
from server.embedded.access import DATABASE, make_database, write_access
from server.embedded.account import Account
from server.embedded.binaries import server_binaries
from server.embedded.cluster import ENVIRONMENT, SUPERUSER, advice, make_cluster
from server.embedded.errors import EmbeddedPostgresError, from_os_error
from server.embedded.home import ELSEWHERE, Lock, find_home, make_folder
from server.embedded.incumbent import MARK, clear_the_way, end_remains, is_ready
from server.embedded.socket_folder import is_temporary, make_socket_folder, remove_left_behind

# Crash recovery of a busy database takes its time.
_START_SECONDS = 300.0
_STOP_SECONDS = 90.0
_LOG_BYTES = 10_000_000
# What PostgreSQL says while the remains of a killed one are still about; they go within moments.
_REMAINS = re.compile(r"pre-existing shared memory block|lock file .* (already exists|is empty)")
_REMAINS_SECONDS = 15.0


class EmbeddedPostgres:
    """PostgreSQL kept in a data directory, owned by this process.

    It listens on a Unix socket only; the operating-system user who runs this process may connect to it, from
    any process, and nobody else. It is stopped when this process ends, however it ends. `start` and `stop`
    may be called again; neither is meant for two threads at once. A forked child does not own it.
    """

    def __init__(self, data_dir: Path, *, elsewhere: Path = ELSEWHERE) -> None:
        """`elsewhere` is where the files go if PostgreSQL's user cannot pass `data_dir` (only as root)."""
        self._data_dir = data_dir.absolute()
        self._elsewhere = elsewhere
        self._lock: Lock | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._incumbent: tuple[Path, int] | None = None
        self._dsn = ""

    def start(self) -> str:
        """Start PostgreSQL, making its cluster the first time; returns the DSN of our database in it:
        `postgresql://clinicgraph@/clinicgraph?host=/folder/of/socket&port=5432`.

        Takes 0.1 s, the first time 0.8 s, after a crash as long as recovery does.
        Raises EmbeddedPostgresError, and then nothing is left running.
        """
        if self._watchdog is not None and self._watchdog.poll() is None:
            return self._dsn
        self.stop()
        _owned.add(self)
        atexit.register(self.stop)
        try:
            self._dsn = self._start()
        except OSError as error:
            self.stop()
            raise from_os_error(error) from error
        except BaseException:
            self.stop()
            raise
        return self._dsn

    def stop(self) -> None:
        """Stop PostgreSQL, ending its sessions; what was committed stays. Nothing to do is no error."""
        _owned.discard(self)
        atexit.unregister(self.stop)
        try:
            self._end_watchdog()
        finally:
            if self._lock is not None:
                remove_left_behind(self._lock.left_behind)
                self._lock.release()
                self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def dsn(self) -> str:
        """The DSN that `start` returned last."""
        return self._dsn

    def _start(self) -> str:
        make_folder(self._data_dir)
        self._lock = Lock(self._data_dir)
        home = find_home(self._data_dir, self._elsewhere)
        cluster = home / "cluster"
        account = Account.for_cluster(cluster)
        binaries = server_binaries(home, account)
        make_cluster(home, binaries, account)
        write_access(home, account)
        log = _open_log(home)
        self._incumbent = (cluster, account.uid)
        give_up = time.monotonic() + _REMAINS_SECONDS
        while True:
            stale_pid = clear_the_way(cluster, account.uid)
            remove_left_behind(self._lock.left_behind)
            folder = make_socket_folder(home, account)
            remove = str(folder) if is_temporary(folder) else None
            self._lock.note(remove or "")
            order = watchdog.Order(
                owner=os.getpid(),
                command=[str(binaries / "postgres"), "-D", str(cluster), *_fixed_settings(home, folder)],
                environment=ENVIRONMENT,
                log=str(log),
                user=account.user,
                group=account.group,
                extra_groups=account.extra_groups,
                stale_pid=stale_pid,
                remove=remove,
            )
            said_before = log.stat().st_size
            if self._launch(order, cluster):
                break
            self._end_watchdog()
            said = log.read_bytes()[said_before:].decode(errors="replace")
            if not _REMAINS.search(said) or time.monotonic() > give_up:
                lines = said.strip().splitlines()
                raise EmbeddedPostgresError(
                    f"PostgreSQL ended while starting{advice(lines)}; the end of its log, {log}:\n  "
                    + "\n  ".join(lines[-8:])
                )
            end_remains(cluster, account.uid)
            time.sleep(0.1)
        make_database(folder)
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(folder))}&port=5432"

    def _launch(self, order: watchdog.Order, cluster: Path) -> bool:
        """Start the watchdog and wait until PostgreSQL takes connections; false if it has ended before."""
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", watchdog.__file__, json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env=ENVIRONMENT,
            # Ctrl-C in a terminal goes to its whole process group: not to this one.
            start_new_session=True,
        )
        assert self._watchdog.stdin is not None
        assert self._watchdog.stdout is not None
        deadline = time.monotonic() + _START_SECONDS
        pid = 0
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self._watchdog.stdout], [], [], 0.005)
            if ready:
                word, _, rest = os.read(self._watchdog.stdout.fileno(), 4096).decode().strip().partition(" ")
                if word == "failed":
                    raise EmbeddedPostgresError(f"PostgreSQL could not be run: {rest}")
                if word != "started" or not rest.isdecimal():
                    return False
                pid = int(rest)
            if pid and is_ready(cluster, pid):
                os.write(self._watchdog.stdin.fileno(), b"\n")
                return True
        raise EmbeddedPostgresError(f"PostgreSQL takes no connections after {_START_SECONDS:.0f} s: see {order['log']}")

    def _end_watchdog(self) -> None:
        """Stop PostgreSQL by closing the pipe, and wait for it."""
        if self._watchdog is None:
            return
        ended, self._watchdog = self._watchdog, None
        for pipe in (ended.stdin, ended.stdout):
            if pipe is not None:
                pipe.close()
        try:
            ended.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            ended.kill()
            ended.wait()
        if ended.returncode < 0 and self._incumbent is not None:
            # Somebody killed the watchdog. Its child has been told by the kernel, or (macOS) is told now.
            clear_the_way(*self._incumbent)

    def _disown(self) -> None:
        """In a forked child: let go of the pipe and the lock, which would outlive the owner in it."""
        if self._watchdog is not None:
            # Else its destructor would complain that it still runs.
            self._watchdog.returncode = 0
            for pipe in (self._watchdog.stdin, self._watchdog.stdout):
                if pipe is not None:
                    pipe.close()
            self._watchdog = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None


_owned: "weakref.WeakSet[EmbeddedPostgres]" = weakref.WeakSet()


def _disown_all() -> None:
    for postgres in list(_owned):
        postgres._disown()
    _owned.clear()


os.register_at_fork(after_in_child=_disown_all)


def _fixed_settings(home: Path, socket_folder: Path) -> list[str]:
    """What is not for postgresql.conf to change: who can reach it, and the mark by which we know ours."""
    settings = [
        "listen_addresses=",
        f"unix_socket_directories={socket_folder}",
        "port=5432",
        f"hba_file={home / 'pg_hba.conf'}",
        f"ident_file={home / 'pg_ident.conf'}",
        MARK,
    ]
    return [argument for setting in settings for argument in ("-c", setting)]


def _open_log(home: Path) -> Path:
    """The log file, there and not too long; statements that failed stand in it, so it is for its owner only."""
    log = home / "postgres.log"
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(home / "postgres.log.1")
    log.touch(mode=0o600)
    return log
