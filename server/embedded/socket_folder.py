"""The folder of the Unix socket: short enough for the kernel, and closed to everybody else."""

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from server.embedded.account import Account
from server.embedded.errors import EmbeddedPostgresError

_PREFIX = "clinicgraph-"
# sun_path holds 103 bytes on macOS and 107 on Linux, and "/.s.PGSQL.5432" follows.
_LONGEST = 85
# Clients split the host of a DSN at commas and colons.
_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")


def make_socket_folder(home: Path, account: Account) -> Path:
    """An empty folder of mode 700 that belongs to the account: in `home`, or temporary if that is too long."""
    folder = home / "socket"
    shutil.rmtree(folder, ignore_errors=True)
    if _fits(folder):
        folder.mkdir(mode=0o700)
    else:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_temporary(account)))
    if account.switch:
        os.chown(folder, account.uid, account.gid)
    return folder


def is_temporary(folder: Path) -> bool:
    return folder.name.startswith(_PREFIX)


def remove_left_behind(folder: str) -> None:
    """Remove the temporary socket folder that a killed owner has noted in the lock file, if it is one."""
    path = Path(folder)
    if folder and path.is_absolute() and is_temporary(path) and not path.is_symlink() and path.is_dir():
        found = path.stat()
        if stat.S_IMODE(found.st_mode) == 0o700:
            shutil.rmtree(path, ignore_errors=True)


def _temporary(account: Account) -> Path:
    for folder in (Path(tempfile.gettempdir()).resolve(), Path("/tmp").resolve()):  # noqa: S108 - a private one in it
        if _fits(folder / (_PREFIX + "12345678")) and account.barrier(folder) is None:
            return folder
    raise EmbeddedPostgresError(
        "there is no place for PostgreSQL's socket: set CLINICGRAPH_DATA_DIR or TMPDIR to a shorter path"
    )


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) <= _LONGEST and _PLAIN.fullmatch(str(folder)) is not None
