"""The import: read everything into temporary tables, then load what is new, in one transaction."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
from rich.progress import Progress

from server.synthea.appointments import load_appointments
from server.synthea.encounters import ENCOUNTERS, find_visits
from server.synthea.errors import SyntheaError
from server.synthea.organizations import ORGANIZATIONS, load_clinics
from server.synthea.overlaps import find_overlaps
from server.synthea.patients import PATIENTS, load_patients
from server.synthea.providers import PROVIDERS, load_doctors
from server.synthea.reading import read_rows
from server.synthea.reasons import Reason
from server.synthea.report import FileCounts, Problem, Report
from server.synthea.staging import refuse_dangling, stage
from server.synthea.values import BadValueError, identifier

if TYPE_CHECKING:
    from asyncpg import Connection, Record

ONE_AT_A_TIME = 0x53594E54484541  # "SYNTHEA", as the key of an advisory lock
LOADED = (
    (ORGANIZATIONS, "synthea_clinics"),
    (PROVIDERS, "synthea_doctors"),
    (PATIENTS, "synthea_patients"),
    (ENCOUNTERS, "synthea_appointments"),
)
SETTINGS = "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL statement_timeout = 0"
COUNTED = {
    "payers.csv": (("ID", "NAME"), Reason.INSURER),
    "medications.csv": (("START", "PATIENT", "ENCOUNTER", "CODE"), Reason.PRESCRIPTION),
}
STEPS = (
    ("clinics", load_clinics),
    ("doctors", load_doctors),
    ("patients", load_patients),
    ("visits", find_visits),
    ("overlaps", find_overlaps),
    ("appointments", load_appointments),
)


async def import_synthea(dsn: str, folder: Path, *, progress: Progress | None = None) -> Report:
    """Loads what is new in a folder of Synthea's CSV files, and reports every row that is not loaded.

    Raises SyntheaError when the files are broken. Then, and whatever else happens, the database is as it was: all is
    one transaction. Two imports at the same time run one after the other. Memory does not grow with the files.
    """
    report = Report()
    present, report.not_read = _find(folder)
    connection = await asyncpg.connect(dsn.replace("postgresql+asyncpg://", "postgresql://", 1))
    try:
        async with connection.transaction():
            await connection.execute(SETTINGS)
            await connection.execute("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)
            await _stage_all(connection, folder, progress)
            await _load_all(connection, progress)
            await _count_loaded(connection, report)
            for file in present:
                if file in COUNTED:
                    _report_whole(report, folder / file, progress)
            await _write_audit(connection, report)
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
        name = error.constraint_name or type(error).__name__  # its details would show the row
        raise SyntheaError(f"the database refuses the import ({name}); nothing is loaded") from None
    finally:
        await connection.close()
    return report


def _find(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the files that this import knows, and of the other CSV files."""
    if not folder.is_dir():
        raise SyntheaError(f"{folder} is not a folder")
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise SyntheaError(f"{folder} cannot be read: {error.strerror}") from None
    needed = [staged.file for staged, _ in LOADED]
    if missing := [file for file in needed if file not in names]:
        raise SyntheaError(f"{folder} has no {', '.join(missing)}")
    known = [*needed, *(file for file in COUNTED if file in names)]
    return known, [name for name in names if name.endswith(".csv") and name not in known]


def _gauge(progress: Progress | None, path: Path) -> Callable[[int], None]:
    """A progress bar over the bytes of a file."""
    if progress is None:
        return lambda read: None  # noqa: ARG005
    task = progress.add_task(path.name, total=path.stat().st_size)
    return lambda read: progress.advance(task, read)


async def _stage_all(connection: "Connection[Record]", folder: Path, progress: Progress | None) -> None:
    for staged, _ in LOADED:
        await stage(connection, staged, folder / staged.file, _gauge(progress, folder / staged.file))
    for staged, field, column, target in (
        (PROVIDERS, "organization", "ORGANIZATION", ORGANIZATIONS),
        (ENCOUNTERS, "patient", "PATIENT", PATIENTS),
        (ENCOUNTERS, "organization", "ORGANIZATION", ORGANIZATIONS),
        (ENCOUNTERS, "provider", "PROVIDER", PROVIDERS),
    ):
        await refuse_dangling(connection, staged, field, column, target)


async def _load_all(connection: "Connection[Record]", progress: Progress | None) -> None:
    task = progress.add_task("loading", total=len(STEPS)) if progress else None
    for what, step in STEPS:
        if progress and task is not None:
            progress.update(task, description=f"loading {what}")
        await step(connection)
        if progress and task is not None:
            progress.advance(task)


async def _count_loaded(connection: "Connection[Record]", report: Report) -> None:
    for staged, table in LOADED:
        row = await connection.fetchrow(
            f"""
            SELECT count(*) AS rows, count(*) FILTER (WHERE is_new) AS loaded,
                   count(*) FILTER (WHERE NOT is_new AND entity_id IS NOT NULL) AS already_there
            FROM {table}
            """  # noqa: S608 (the table's name is a constant)
        )
        assert row is not None
        counts = report.files[staged.file] = FileCounts(row["rows"], row["loaded"], row["already_there"])
        query = f"SELECT line, id, reason FROM {table} WHERE entity_id IS NULL ORDER BY line"  # noqa: S608
        async for problem in connection.cursor(query):
            report.add(Problem(staged.file, problem["line"], str(problem["id"]), Reason(problem["reason"])))
        assert counts.rows == counts.loaded + counts.already_there + counts.reported


def _report_whole(report: Report, path: Path, progress: Progress | None) -> None:
    """Counts a file that has no place in the database: each of its rows is reported."""
    columns, reason = COUNTED[path.name]
    counts = report.files[path.name] = FileCounts()
    for line, row in read_rows(path, columns, _gauge(progress, path)):
        try:
            identity = str(identifier("Id", row["ID"])) if "ID" in row else None
        except BadValueError as error:
            raise SyntheaError(str(error), path.name, line) from None
        counts.rows += 1
        report.add(Problem(path.name, line, identity, reason))


async def _write_audit(connection: "Connection[Record]", report: Report) -> None:
    """One audit record for an import that changed something."""
    loaded = {name: counts.loaded for name, counts in report.files.items() if counts.loaded}
    if loaded:
        await connection.execute(
            "INSERT INTO audit_records (request_id, action, entity, reason) VALUES ($1, 'import', 'synthea', $2)",
            f"import-{uuid4()}",
            ", ".join(f"{number} rows of {name}" for name, number in loaded.items()),
        )
