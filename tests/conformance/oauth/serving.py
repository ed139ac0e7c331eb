"""The authorization server as a process of its own: `python -m tests.conformance.oauth.serving DSN PORT DATA_DIR`."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from gateways.mail import mail_gateway
from server import oauth
from server.oauth.configure import configure


def main(dsn: str, port: int, data_dir: Path) -> None:
    at = f"http://127.0.0.1:{port}"
    configuration = configure(public_url=at, secret_key=None, data_dir=data_dir, production=False)
    edge = oauth.Edge(configuration, mail_gateway(None, data_dir))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with edge.open(dsn):
            yield

    uvicorn.run(Starlette(routes=oauth.routes(edge), lifespan=lifespan), port=port, log_level="warning")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
