"""Our own application as `python -m server serve` runs it, but for its clock, which stands still, and for sign-in,
which its peers do not have: every request is a service client's that may see everything."""

import os

import uvicorn
from starlette.types import Scope

from auth import scopes
from auth.viewer import Viewer
from bench.servers.place import DSN, NOW, PORT
from server.app import create_app
from server.serve import bind, uvicorn_config
from server.settings import Settings

SERVICE = Viewer(client_id="bench", is_service=True, scopes=frozenset(scopes.Scope))


async def service(_scope: Scope) -> Viewer:
    return SERVICE


if __name__ == "__main__":
    app = create_app(DSN, Settings.read(os.environ), viewer_of=service, clock=lambda: NOW)
    uvicorn.Server(uvicorn_config(app)).run(sockets=[bind("127.0.0.1", PORT)])
