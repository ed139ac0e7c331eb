"""What every measured Python server is told by its environment."""

import os
from datetime import datetime
from typing import Any

import uvicorn

DSN = os.environ["BENCH_DSN"]
PORT = int(os.environ["BENCH_PORT"])
NOW = datetime.fromisoformat(os.environ["BENCH_NOW"])
SESSION = {"random_page_cost": "1.1", "jit": "off", "timezone": "UTC"}


def serve(app: Any) -> None:
    """Answers on the given port with one process, on uvloop and httptools, until it is stopped."""
    uvicorn.run(
        app, host="127.0.0.1", port=PORT, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
