"""As whom PostgreSQL runs: it refuses to run as root."""

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from server.embedded.errors import EmbeddedPostgresError

# Between the ranges systemd gives to containers and to dynamic users; Debian and Red Hat leave it alone too.
_FREE_IDS = range(60706, 61184)


@dataclass(frozen=True)
class Account:
    """A user id and group id for `Popen`; `switch` is false where the process has them already.

    As root PostgreSQL runs under a bare number that no user has. A user of its own would have to be added to
    /etc/passwd as a side effect, and `nobody` is shared with other daemons, which could then read the
    cluster's files and stop its processes. PostgreSQL needs no name for its user id, only `initdb` does: that
    runs as `nobody` (`for_initdb`), for half a second, and the cluster changes hands before its first start.
    """

    uid: int
    gid: int
    switch: bool

    @property
    def user(self) -> int | None:
        return self.uid if self.switch else None

    @property
    def group(self) -> int | None:
        return self.gid if self.switch else None

    @property
    def extra_groups(self) -> list[int] | None:
        return [] if self.switch else None

    @classmethod
    def for_cluster(cls, cluster: Path) -> "Account":
        """The owner of the cluster if there is one; else ourselves, or as root a free number."""
        me = os.geteuid()
        if cluster.exists():
            owner = cluster.stat()
            if owner.st_uid == 0:
                raise EmbeddedPostgresError(
                    f"the PostgreSQL cluster in {cluster} belongs to root, as whom PostgreSQL does not run: if it was "
                    "copied, copy it with its owner (cp -a), or set CLINICGRAPH_DATA_DIR to another folder"
                )
            if me not in (0, owner.st_uid):
                raise EmbeddedPostgresError(
                    f"the PostgreSQL cluster in {cluster} belongs to {user_name(owner.st_uid)}, not to "
                    f"{user_name(me)} nor a user it runs as: set CLINICGRAPH_DATA_DIR to another folder"
                )
            return cls(owner.st_uid, owner.st_gid, switch=me == 0)
        if me != 0:
            return cls(me, os.getegid(), switch=False)
        number = next(number for number in _FREE_IDS if _is_free(number))
        return cls(number, number, switch=True)

    def for_initdb(self) -> "Account":
        """The account that makes the cluster: this one, or `nobody` where this one has no name."""
        if not self.switch:
            return self
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            raise EmbeddedPostgresError(
                "PostgreSQL does not run as root and this system has no user nobody: "
                "run as an ordinary user, or set DATABASE_URL"
            ) from None
        return Account(nobody.pw_uid, nobody.pw_gid, switch=True)

    def barrier(self, path: Path) -> Path | None:
        """The first folder on the way to `path` (itself included) that this account cannot pass, if any.

        Read from the permission bits, so that nothing has to be tried, let alone changed.
        """
        if not self.switch:
            return None
        way = [*reversed(path.parents), path]
        return next((folder for folder in way if folder.is_dir() and not self._passes(folder)), None)

    def _passes(self, folder: Path) -> bool:
        found = folder.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)


def user_name(uid: int) -> str:
    """The user's name, or its number if it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _is_free(number: int) -> bool:
    for look_up in (pwd.getpwuid, grp.getgrgid):
        try:
            look_up(number)
        except KeyError:
            continue
        return False
    return True
