"""Where PostgreSQL's files are kept, and the lock that says whose they are."""

import fcntl
import logging
import os
import tempfile
import time
from pathlib import Path

from server.embedded.account import Account, user_name
from server.embedded.errors import EmbeddedPostgresError

ELSEWHERE = Path("/var/lib/clinicgraph")
# A killed owner holds its lock until the system has done away with it.
_LOCK_SECONDS = 1.0

_logger = logging.getLogger(__name__)


def make_folder(path: Path) -> None:
    """Make `path` and what is missing above it: passable for others if we are root, else ours alone.

    Folders that exist keep their permission bits.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)


def find_home(data_dir: Path, elsewhere: Path) -> Path:
    """The real folder of PostgreSQL's files: `<data_dir>/postgres`, made if it is missing.

    Run as root below a folder that other users cannot pass (/root, say), it is a link to a new folder in
    `elsewhere`: PostgreSQL does not run as root, and opening the folder to everybody is not ours to do.
    """
    home = data_dir / "postgres"
    account = Account.for_cluster(home / "cluster")
    if home.is_symlink() and not home.exists():
        raise EmbeddedPostgresError(
            f"{home} points to {home.readlink()}, which is gone: bring it back, or remove {home} to start empty"
        )
    if not home.exists():
        barrier = account.barrier(data_dir)
        if barrier is None:
            make_folder(home)
        else:
            make_folder(elsewhere)
            remote = Path(tempfile.mkdtemp(prefix="data-", dir=elsewhere))
            remote.chmod(0o711)
            home.symlink_to(remote)
            _logger.warning("%s is closed to the user PostgreSQL runs as: its files are kept in %s", barrier, remote)
    home = home.resolve()
    if home.stat().st_uid != os.geteuid():
        raise EmbeddedPostgresError(
            f"{home} belongs to {user_name(home.stat().st_uid)}: run as that user, "
            f"or set CLINICGRAPH_DATA_DIR to another folder"
        )
    if (barrier := account.barrier(home)) is not None:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and the user it runs as ({account.uid}) cannot pass {barrier}: "
            f"set CLINICGRAPH_DATA_DIR to a folder that others can pass, or run as an ordinary user"
        )
    return home


class Lock:
    """The data directory is ours, as long as this process lives and `release` was not called.

    The file names the owner's process id and, on its second line, a socket folder to be tidied up:
    `left_behind`, at first that of the owner before.
    """

    left_behind: str

    def __init__(self, data_dir: Path) -> None:
        self.file_descriptor = os.open(data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _LOCK_SECONDS
        while not self._is_taken():
            if time.monotonic() > deadline:
                owner = self._read()[0] or "unknown"
                os.close(self.file_descriptor)
                raise EmbeddedPostgresError(
                    f"the data directory {data_dir} is in use by process {owner}: "
                    f"stop that one first, or set CLINICGRAPH_DATA_DIR to another folder"
                )
            time.sleep(0.02)
        self.note(self._read()[1])

    def _is_taken(self) -> bool:
        try:
            fcntl.flock(self.file_descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _read(self) -> tuple[str, str]:
        lines = os.pread(self.file_descriptor, 4096, 0).decode(errors="replace").splitlines()
        return (lines[0] if lines else "", lines[1] if len(lines) > 1 else "")

    def note(self, socket_folder: str) -> None:
        """Remember a folder outside the data directory, for the next owner should we be killed."""
        self.left_behind = socket_folder
        content = f"{os.getpid()}\n{socket_folder}\n".encode()
        os.pwrite(self.file_descriptor, content, 0)
        os.ftruncate(self.file_descriptor, len(content))

    def release(self) -> None:
        os.close(self.file_descriptor)
