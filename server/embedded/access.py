"""Who gets in, and to which database."""

import os
import pwd
import subprocess
from pathlib import Path

from server.embedded.account import Account, user_name
from server.embedded.binaries import packaged_binaries
from server.embedded.cluster import ENVIRONMENT, SUPERUSER
from server.embedded.errors import EmbeddedPostgresError

DATABASE = "clinicgraph"


def write_access(home: Path, account: Account) -> None:
    """Let in the user who runs this process, as told by the kernel (peer), as PostgreSQL's superuser.

    No password to keep, and unlike trust it holds even where somebody else gets into the socket's folder.
    The files are not in the cluster, where PostgreSQL could exchange them for links before root writes them.
    """
    try:
        me = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise EmbeddedPostgresError(
            f"{user_name(os.geteuid())} has no name in /etc/passwd, which PostgreSQL asks for: "
            f"add one, or set DATABASE_URL"
        ) from None
    files = {
        "pg_hba.conf": "local all all peer map=owner\n",
        "pg_ident.conf": f'owner "{me}" {SUPERUSER}\n',
    }
    for name, content in files.items():
        path = home / name
        path.write_text(content)
        path.chmod(0o644 if account.switch else 0o600)


def make_database(socket_folder: Path) -> None:
    """Make our database unless it is there: through a session, which shows that one can be had."""
    statement = (
        f"SELECT 'CREATE DATABASE {DATABASE}' "  # noqa: S608 - a constant
        f"WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')\\gexec\n"
    )
    command = [str(packaged_binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-w"]
    command += ["-h", str(socket_folder), "-p", "5432", "-U", SUPERUSER, "-d", "postgres"]
    done = subprocess.run(
        command, input=statement, env=ENVIRONMENT, cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise EmbeddedPostgresError(f"PostgreSQL runs but lets nobody in: {done.stderr.strip()}")
