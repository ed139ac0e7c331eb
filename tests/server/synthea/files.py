"""Synthea's files: invented ones of every kind, the real ones where they are, and what was made of them."""

from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg

from server.synthea import Reason, Report

FIXTURE = Path(__file__).resolve().parents[2] / "fixtures" / "synthea"
REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "synthea-california"
FILES = ("organizations.csv", "providers.csv", "patients.csv", "encounters.csv", "payers.csv", "medications.csv")

NOT_LOADED = {
    Reason.DOCTOR_OVERLAP: {4, 33},
    Reason.PATIENT_OVERLAP: {6, 7},
    Reason.EMERGENCY: {8, 9},
    Reason.STAY: {10, 11, 12},
    Reason.UNKNOWN_CLASS: {16},
    Reason.AFTER_DEATH: {18},
    Reason.BEFORE_BIRTH: {20},
    Reason.NEGATIVE_COST: {22},
    Reason.NOT_OVER: {25, 26},
    Reason.NO_DURATION: {27},
    Reason.TOO_LONG: {28},
    Reason.CLINIC_NOT_LOADED: {29},
    Reason.NO_DOCTOR: {30},
}
LOADED = set(range(1, 36)).difference(*NOT_LOADED.values())


async def rows(dsn: str, query: str, *values: object) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) if len(row) > 1 else row[0] for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


async def contents(dsn: str) -> dict[str, list[str]]:
    """Every row of every table as text."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        texts = {name: await connection.fetch(f'SELECT t::text FROM "{name}" AS t ORDER BY 1') for (name,) in tables}
        return {name: [text for (text,) in found] for name, found in texts.items()}
    finally:
        await connection.close()


def encounter(number: int) -> str:
    return f"04dd0000-0000-4000-8000-{number:012d}"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


APPOINTMENT = """
FROM appointments AS a JOIN imported_records AS i
  ON i.entity_id = a.id AND i.source = 'synthea' AND i.entity = 'appointment'
JOIN slots AS s ON s.id = a.slot_id LEFT JOIN payments AS p ON p.appointment_id = a.id
"""


async def appointment(dsn: str, number: int, what: str) -> Any:
    [found] = await rows(dsn, f"SELECT {what} {APPOINTMENT} WHERE i.external_id = $1", encounter(number))
    return found


def check_sums(report: Report) -> None:
    """Counts in = loaded + already there + reported, per file; and the problems are those that are counted."""
    assert Counter(problem.file for problem in report.problems) == {
        name: counts.reported for name, counts in report.files.items() if counts.reported
    }
    for name, counts in report.files.items():
        assert counts.rows == counts.loaded + counts.already_there + counts.reported, name
