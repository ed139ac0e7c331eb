"""PostgreSQL's own directory: made once, completely or not at all."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from server.embedded.account import Account
from server.embedded.binaries import MAJOR_VERSION
from server.embedded.errors import EmbeddedPostgresError

SUPERUSER = "clinicgraph"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

# Written to postgresql.conf when the cluster is made; whoever wants other values edits that file.
_SETTINGS = {
    "fsync": "on",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "listen_addresses": "",
}


def make_cluster(home: Path, binaries: Path, account: Account) -> None:
    """Make `home/cluster` unless it is there; half-made ones of an interrupted attempt are removed.

    The locale is PostgreSQL's built-in C.UTF-8: the same order of strings on every system, whichever
    locales it has installed.
    """
    for half_made in home.glob("cluster.new-*"):
        _remove(half_made)
    cluster = home / "cluster"
    if cluster.exists():
        _check_version(cluster)
        return
    half_made = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=home))
    maker = account.for_initdb()
    if maker.switch:
        os.chown(half_made, maker.uid, maker.gid)
    try:
        _initdb(half_made, binaries, maker)
        if maker != account:
            _hand_over(half_made, account)
        half_made.rename(cluster)
    except BaseException:
        shutil.rmtree(half_made, ignore_errors=True)
        raise


def _initdb(folder: Path, binaries: Path, account: Account) -> None:
    command = [str(binaries / "initdb"), "-D", str(folder), "-U", SUPERUSER, "--auth=peer", "--no-instructions"]
    command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    for name, value in _SETTINGS.items():
        command += ["--set", f"{name}={value}"]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=ENVIRONMENT,
        cwd="/",
        check=False,
        user=account.user,
        group=account.group,
        extra_groups=account.extra_groups,
    )
    if done.returncode != 0:
        lines = done.stdout.decode(errors="replace").strip().splitlines()
        raise EmbeddedPostgresError(
            "PostgreSQL could not make its cluster" + advice(lines) + ":\n  " + "\n  ".join(lines[-5:])
        )


def _remove(folder: Path) -> None:
    # The initdb of a killed owner may still be writing into it, for half a second.
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _hand_over(folder: Path, account: Account) -> None:
    # The top first: from then on its former owner cannot enter to exchange a file for a link.
    os.chown(folder, account.uid, account.gid)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent, name), account.uid, account.gid, follow_symlinks=False)


def _check_version(cluster: Path) -> None:
    try:
        version = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise EmbeddedPostgresError(
            f"{cluster} is not a PostgreSQL cluster (it has no PG_VERSION): move it away to start empty"
        ) from None
    if version != str(MAJOR_VERSION):
        raise EmbeddedPostgresError(
            f"the cluster in {cluster} was made by PostgreSQL {version}, and this is PostgreSQL {MAJOR_VERSION}: "
            f"dump it with version {version} and load it anew, or move it away to start empty"
        )


def advice(lines: list[str]) -> str:
    """What to do about the refusals of PostgreSQL that are known, in one clause."""
    said = "\n".join(lines)
    if any(words in said for words in ("No space left on device", "Disk quota exceeded", "Check free disk space")):
        return " (the disk is full: make room, or set CLINICGRAPH_DATA_DIR to another disk)"
    if "could not look up effective user ID" in said:
        return " (this user id has no name: add it to /etc/passwd, or set DATABASE_URL)"
    if "Cannot allocate memory" in said:
        return " (there is too little memory: lower shared_buffers in cluster/postgresql.conf)"
    return ""
