"""A running server, with one person and four clients."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from auth.oauth.secret import digest
from tests.auth.world import CLIENT, SECRETS, password_hash

ROOT = Path(__file__).resolve().parent.parent.parent.parent
REDIRECT = "http://127.0.0.1:1/back"
SCOPE = "openid profile appointment:read"
USER = "INSERT INTO users (name, email, password_hash) VALUES ('Pat Patient', 'pat@example.org', $1) RETURNING id"


@dataclass(frozen=True)
class Serving:
    """A running server."""

    at: str
    dsn: str


@pytest.fixture
async def serving(database: str, tmp_path: Path) -> AsyncIterator[Serving]:
    sql = await asyncpg.connect(database)
    user = await sql.fetchval(USER, password_hash())
    await sql.execute("INSERT INTO user_roles (user_id, role) VALUES ($1, 'PATIENT')", user)
    people, alone = ["authorization_code", "refresh_token"], ["client_credentials"]
    for name, grants, more in (
        ("web", people, False),
        ("spa", people, False),
        ("service", alone, False),
        ("gate", alone, True),
    ):
        secret = digest(SECRETS[name]) if name in SECRETS else None
        uris = [REDIRECT] if grants is people else []
        await sql.execute(CLIENT, name, f"The {name}", secret, uris, grants, [*SCOPE.split(), "user:admin"], more)
    await sql.close()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [sys.executable, "-m", "tests.conformance.oauth.serving", database, str(port), str(tmp_path)]
    process = await asyncio.to_thread(subprocess.Popen, arguments, cwd=ROOT)
    try:
        await asyncio.to_thread(wait_for, port, process)
        yield Serving(f"http://127.0.0.1:{port}", database)
    finally:
        process.terminate()
        process.wait(60)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1_200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, "the server has stopped"
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not answer")
