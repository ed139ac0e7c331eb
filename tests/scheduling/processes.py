"""Real server processes over one database, asked over sockets."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.scheduling.asks import document_of

PUBLIC = "http://127.0.0.1:8000"
"""What tokens are for: the one address that all processes share."""

STARTED = 180  # seconds that a busy machine may take to start a server


def environment(dsn: str, data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLINICGRAPH_", "OTEL_"))}
    return {**kept, "DATABASE_URL": dsn, "CLINICGRAPH_DATA_DIR": str(data), "CLINICGRAPH_PUBLIC_URL": PUBLIC}


def a_free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """`python -m server serve`, and a connection to it with an administrator's token."""

    process: "subprocess.Popen[bytes]"
    http: httpx.AsyncClient

    async def ask(self, mutation: str, **input: Any) -> dict[str, Any]:
        """The payload of a mutation. Raises what httpx raises."""
        sent = {"query": document_of(mutation), "variables": {"input": input}}
        answer = (await self.http.post("/graphql", json=sent)).json()
        assert "errors" not in answer, answer
        payload: dict[str, Any] = answer["data"][mutation]
        return payload


@asynccontextmanager
async def servers(dsn: str, data: Path, ports: list[int]) -> AsyncIterator[list[Server]]:
    """One process for each port, stopped in the end."""
    async with AsyncExitStack() as stack:
        started = [await stack.enter_async_context(_server(dsn, data, port)) for port in ports]
        for server in started:
            await _answers(server)
        token = await _token(dsn, data)
        for server in started:
            server.http.headers["authorization"] = f"Bearer {token}"
        yield started


@asynccontextmanager
async def _server(dsn: str, data: Path, port: int) -> AsyncIterator[Server]:
    limits = httpx.Limits(max_connections=100)
    command = [sys.executable, "-m", "server", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, env=environment(dsn, data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=limits) as http:
            yield Server(process, http)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


async def _answers(server: Server) -> None:
    async with asyncio.timeout(STARTED):
        while True:
            assert server.process.poll() is None, "the server has stopped"
            try:
                if (await server.http.get("/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


async def _token(dsn: str, data: Path) -> str:
    command = [sys.executable, "-m", "server", "token", "--role", "admin", "--user", "admin@example.org"]
    made = await asyncio.create_subprocess_exec(*command, env=environment(dsn, data), stdout=asyncio.subprocess.PIPE)
    printed, _ = await made.communicate()
    assert made.returncode == 0
    return printed.decode().strip()
