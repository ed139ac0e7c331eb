"""Our own application as `python -m server serve` runs it, but for its clock, which stands still."""

import os

import uvicorn

from bench.servers.place import DSN, NOW, PORT
from server.app import create_app
from server.serve import bind, uvicorn_config
from server.settings import Settings

if __name__ == "__main__":
    app = create_app(DSN, Settings.read(os.environ), clock=lambda: NOW)
    uvicorn.Server(uvicorn_config(app)).run(sockets=[bind("127.0.0.1", PORT)])
