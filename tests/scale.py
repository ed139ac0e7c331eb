"""`make scale`: the corpus on the large data set, with the plan of every statement.

Seeds 200 clinics, 2,000 doctors, 50,000 patients, 1,000,000 slots, 500,000 appointments and 400,000 payments once, into
`.clinicgraph/scale` (or the database that DATABASE_URL names), runs each operation of `tests/operations` on it, and
fails if one takes more statements than its header says or a plan scans a large table from end to end. Plans are those
of prepared statements after six executions, when PostgreSQL has settled on one; filtered ones are planned each time.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from loaders.reads import Reads
from models.statement import Statement
from schema.guards import REFUSALS
from server.database import ONE_PLAN, PLANNED_ANEW, SESSION, migrate, the_database
from server.progress import progress_bars
from server.seed import Sizes, seed
from server.settings import Settings
from tests.client import Client
from tests.clinic_data import NOW
from tests.test_operations import FILES, OPERATIONS, headers, viewers

LARGE = Sizes(clinics=200, doctors=2_000, patients=50_000, slots=1_000_000, appointments=500_000, payments=400_000)
LARGE_TABLES = {
    *("appointments", "appointment_timeline", "doctor_days", "patients", "payments", "payment_events", "slots"),
    *("ledger_entries", "ledger_transactions", "user_roles", "users"),
    *("roll_up_counts", "roll_up_hours", "roll_up_lead_times", "roll_up_revenue"),
    *("roll_up_specialty_bookings", "roll_up_specialty_revenue", "roll_up_top_bookings", "roll_up_top_revenue"),
}
EXECUTIONS = 6
ROUNDS = 5


@dataclass
class Outcome:
    """How an operation did: statements it took, its milliseconds, and what its plans do wrong."""

    statements: int
    allowed: int
    milliseconds: float
    scans: list[str]


async def ask(client: Client, file: Path, viewer: str, sql: asyncpg.Connection) -> Outcome:
    text = file.read_text()
    header = headers(text)
    variables = json.loads(header.get("variables", "{}"))
    seen: list[tuple[Statement, Mapping[str, object]]] = []
    times = []
    with recorded(seen):
        await client.ask(text, variables, viewer=viewer)
    for _ in range(ROUNDS):
        start = time.perf_counter()
        answer = await client.ask(text, variables, viewer=viewer)
        times.append(1000 * (time.perf_counter() - start))
    assert set(answer.codes) <= set(REFUSALS), answer.body["errors"]
    scans = [scan for statement, values in seen for scan in await scans_of(sql, statement, values)]
    return Outcome(answer.statements, int(header["statements"]), median(times), scans)


class recorded:  # noqa: N801 - reads as a statement: with recorded(…)
    """Notes the statements and values that loaders run meanwhile."""

    def __init__(self, seen: list[tuple[Statement, Mapping[str, object]]]) -> None:
        self._seen = seen
        self._fetch, self._fetch_by = Reads.fetch, Reads.fetch_by

    def __enter__(self) -> None:
        seen, fetch, fetch_by = self._seen, self._fetch, self._fetch_by

        async def note(
            reads: Reads, statement: Statement, row: type[Any], values: Mapping[str, object], *more: Any
        ) -> Any:
            seen.append((statement, {**reads._values, **values}))
            return await fetch(reads, statement, row, values, *more)

        async def note_by(reads: Reads, statement: Statement, *lookup: Any) -> Any:
            seen.append((statement, {**reads._values, "keys": lookup[-1]}))
            return await fetch_by(reads, statement, *lookup)

        Reads.fetch, Reads.fetch_by = note, note_by  # type: ignore[assignment,method-assign]

    def __exit__(self, *_: object) -> None:
        Reads.fetch, Reads.fetch_by = self._fetch, self._fetch_by  # type: ignore[method-assign]


async def plan_of(
    sql: asyncpg.Connection, statement: Statement, values: Mapping[str, object], options: str = ""
) -> dict[str, Any]:
    """The settled plan of a prepared statement; `options` are those of EXPLAIN."""
    arguments = ", ".join(literal(value) for value in statement.arguments(values))
    execute = f"EXECUTE scaled({arguments})" if arguments else "EXECUTE scaled"
    mode = PLANNED_ANEW if statement.filtered else ONE_PLAN
    await sql.execute(f"SET plan_cache_mode = {mode}; PREPARE scaled AS {statement.text}")
    try:
        for _ in range(EXECUTIONS):
            await sql.execute(execute)
        (plan,) = json.loads(await sql.fetchval(f"EXPLAIN (FORMAT JSON{options}) {execute}"))
    finally:
        await sql.execute("DEALLOCATE scaled")
    found: dict[str, Any] = plan["Plan"]
    return found


async def pages_of(sql: asyncpg.Connection, statement: Statement, values: Mapping[str, object]) -> int:
    """The pages (8 KiB) that a statement looks at, whether they are in PostgreSQL's cache or not."""
    plan = await plan_of(sql, statement, values, ", ANALYZE, BUFFERS")
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


async def scans_of(sql: asyncpg.Connection, statement: Statement, values: Mapping[str, object]) -> list[str]:
    """The sequential scans of large tables in a statement's plan."""
    return [
        f"{node['Relation Name']} in: {statement.text[:400]}"
        for node in nodes(await plan_of(sql, statement, values))
        if node["Node Type"].endswith("Seq Scan") and node["Relation Name"] in LARGE_TABLES
    ]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def literal(value: object) -> str:
    """A value as SQL text."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"'{{{','.join(str(each) for each in value)}}}'"
    text = value.isoformat() if isinstance(value, datetime | date) else str(value)
    return "'" + text.replace("'", "''") + "'"


async def measure(dsn: str, files: Iterable[Path]) -> dict[str, Outcome]:
    sql = await asyncpg.connect(dsn, server_settings=SESSION)
    try:
        async with Client.of(dsn) as client:
            return {
                f"{file.relative_to(OPERATIONS)} as {viewer}": await ask(client, file, viewer, sql)
                for file in files
                for viewer in viewers(file)
            }
    finally:
        await sql.close()


def sized(factor: float) -> Sizes:
    """So many times as much of everything as LARGE: as long a history of each doctor, clinic and patient."""
    return Sizes(**{each.name: max(1, round(getattr(LARGE, each.name) * factor)) for each in fields(LARGE)})


async def fill(dsn: str, console: Console, sizes: Sizes = LARGE) -> None:
    """Migrates the database, and seeds it if it is empty."""
    await migrate(dsn)
    sql = await asyncpg.connect(dsn)
    filled = await sql.fetchval("SELECT EXISTS (SELECT FROM users)")
    await sql.close()
    if not filled:
        with progress_bars(console) as report:
            await seed(dsn, sizes, seed=1, now=NOW, report=report)


def main() -> int:
    console = Console()
    settings = Settings.read(os.environ)
    with the_database(replace(settings, data_dir=settings.data_dir / "scale")) as dsn:
        asyncio.run(fill(dsn, console))
        outcomes = asyncio.run(measure(dsn, FILES))
    table = Table("operation", "statements", "allowed", "ms", "scans")
    for name, outcome in outcomes.items():
        table.add_row(
            name, str(outcome.statements), str(outcome.allowed), f"{outcome.milliseconds:.1f}", str(len(outcome.scans))
        )
    console.print(table)
    for name, outcome in outcomes.items():
        for scan in outcome.scans:
            console.print(f"{name} scans {scan}", markup=False, highlight=False)
    return any(outcome.scans or outcome.statements > outcome.allowed for outcome in outcomes.values())


if __name__ == "__main__":
    sys.exit(main())
