"""The peers' npm packages, installed below bench/peers from its lock file when they are missing or outdated."""

import hashlib
import os
import subprocess

from rich.console import Console

from bench.operations import HERE
from bench.runners import NODE

PEERS = HERE / "peers"
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install(console: Console) -> None:
    """Raises CalledProcessError, with what npm printed, if that fails."""
    lock = hashlib.sha256((PEERS / "package-lock.json").read_bytes()).hexdigest()
    stamp = PEERS / "node_modules" / ".stamp"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    path = os.pathsep.join([str(NODE.parent), os.environ.get("PATH", os.defpath)])
    with console.status("Installing the peers' packages …"):
        subprocess.run(
            [str(NODE), str(NPM), "ci", "--ignore-scripts", "--no-update-notifier"],
            cwd=PEERS, env=os.environ | {"PATH": path}, check=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    stamp.write_text(lock)
