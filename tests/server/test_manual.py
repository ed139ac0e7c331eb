"""docs/operations.md: each command that it prints is run here as it stands, or named with the test that runs it."""

import asyncio
import os
import re
from pathlib import Path

import asyncpg
import pytest
import yaml

from server.embedded.binaries import packaged_binaries
from tests.server.test_serve import ROOT, command, said

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"`(?:python -m )?server ([a-z-]+(?: --[a-z]+)?)`")
ELSEWHERE = {"worker": "tests/streams/test_processes.py", "health": "tests/server/test_deploy.py"}
OF_THE_WHEEL = 18
RUN_HERE = ("migrate", "rotate-keys", "recount --repair", "recount")


def manual() -> str:
    return (ROOT / "docs" / "operations.md").read_text()


def block(language: str) -> str:
    (text,) = [text for each, text in BLOCK.findall(manual()) if each == language]
    return str(text)


async def shell(line: str, folder: Path, dsn: str) -> None:
    """Runs a line as somebody would who has PostgreSQL's programs."""
    environment = os.environ | {"PATH": f"{packaged_binaries()}{os.pathsep}{os.environ['PATH']}", "DATABASE_URL": dsn}
    process = await asyncio.create_subprocess_shell(
        line, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    code, output = await said(process)
    assert (code, output) == (0, ""), line


async def everything(dsn: str) -> dict[str, int]:
    """How many rows are in each table."""
    sql = await asyncpg.connect(dsn)
    tables = await sql.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    found = {table: await sql.fetchval(f"SELECT count(*) FROM {table}") for (table,) in tables}
    await sql.close()
    return found


def test_each_command_is_run() -> None:
    assert set(COMMAND.findall(manual())) == {*RUN_HERE, *ELSEWHERE}
    for name, file in ELSEWHERE.items():
        assert name in (ROOT / file).read_text()


async def test_the_commands(clinic: str, tmp_path: Path) -> None:
    known = {"DATABASE_URL": clinic, "CLINICGRAPH_DATA_DIR": str(tmp_path)}
    for each in RUN_HERE:
        code, output = await said(await command(*each.split(), **known))
        assert (code, "Traceback" in output) == (0, False), (each, output)


async def test_backup_and_restore(clinic: str, tmp_path: Path) -> None:
    """What was lost is back, what came later is gone, and everything adds up."""
    sql = await asyncpg.connect(clinic)
    if sql.get_server_version().major != OF_THE_WHEEL:
        pytest.skip("PostgreSQL's programs are of another version")
    await sql.close()
    dump, restore = block("").strip().splitlines()
    code, _ = await said(await command("recount", "--repair", DATABASE_URL=clinic, CLINICGRAPH_DATA_DIR=str(tmp_path)))
    assert code == 0
    before = await everything(clinic)
    await shell(dump, tmp_path, clinic)
    sql = await asyncpg.connect(clinic)
    await sql.execute("TRUNCATE appointments CASCADE")
    await sql.execute("INSERT INTO users (name, email) VALUES ('Late', 'late@example.org')")
    await sql.close()
    assert await everything(clinic) != before
    await shell(restore, tmp_path, clinic)
    assert await everything(clinic) == before
    code, output = await said(await command("recount", DATABASE_URL=clinic, CLINICGRAPH_DATA_DIR=str(tmp_path)))
    assert (code, "add up to" in output) == (0, True), output


def test_the_scrape_configuration(root: Path) -> None:
    """Its job is the one that the alerts ask for."""
    (job,) = yaml.safe_load(block("yaml"))["scrape_configs"]
    assert f'up{{job="{job["job_name"]}"}}' in (root / "deploy" / "alerts.yml").read_text()
