"""Importing Synthea's files: invented ones of every kind, broken ones, and the real ones where they are."""

import asyncio
import csv
import json
import re
import shutil
import tracemalloc
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from rich.console import Console
from rich.progress import Progress

from server.recount import recount
from server.synthea import Problem, Reason, Report, SyntheaError, import_synthea
from server.synthea.reading import read_rows
from tests import clinic_data

FIXTURE = Path(__file__).resolve().parent.parent / "fixtures" / "synthea"
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "synthea-california"
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the invented files, to be changed."""
    return Path(shutil.copytree(FIXTURE, tmp_path / "synthea"))


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


async def test_each_row_is_loaded_or_reported_with_its_reason(database: str) -> None:
    report = await import_synthea(database, FIXTURE)
    check_sums(report)
    assert list(report.files) == list(FILES)
    loaded = await rows(database, f"SELECT i.external_id {APPOINTMENT}")
    assert set(loaded) == {encounter(number) for number in LOADED}
    problems = {p.id: (p.line, p.reason) for p in report.problems if p.file == "encounters.csv"}
    assert problems == {
        encounter(number): (number + 1, reason) for reason, numbers in NOT_LOADED.items() for number in numbers
    }
    assert [(p.line, p.reason) for p in report.problems if p.file == "organizations.csv"] == [
        (4, Reason.NO_POSITION),
        (5, Reason.NO_POSITION),
    ]
    assert [(p.line, p.reason) for p in report.problems if p.file == "providers.csv"] == [(4, Reason.CLINIC_NOT_LOADED)]
    assert [p.line for p in report.problems if p.file == "medications.csv"] == [2, 3, 5]  # 3 has two lines
    assert all(problem.words for problem in report.problems)


async def test_clinics_doctors_and_patients_are_tidied(database: str) -> None:
    await import_synthea(database, FIXTURE)
    assert await rows(
        database, "SELECT name, city, postal_code, country, time_zone, currency, phone FROM clinics ORDER BY id"
    ) == [
        ("LAKESIDE FAMILY PRACTICE", "Altamont Falls", "95999", "US", "America/Los_Angeles", "USD", "+15305550100"),
        ("Harbor Clinic, East Wing", "New Haverford", "06390", "US", "America/New_York", "USD", "+12125550142"),
    ]
    doctors = "SELECT u.name, specialty, consultation_fee_minor, d.status FROM doctors d JOIN users u ON u.id = user_id"
    assert await rows(database, f"{doctors} ORDER BY d.id") == [
        ("Irène Sol Wexler", "General Practice", 82_02, "APPROVED"),
        ("Tobias Achterberg", "Sports Medicine", 136_70, "APPROVED"),
        ("Idle Handsworth", "General Practice", 82_02, "APPROVED"),  # no visits: what most visits cost
    ]
    patients = "SELECT u.name, date_of_birth::text, p.status FROM patients p JOIN users u ON u.id = user_id"
    assert await rows(database, f"{patients} ORDER BY p.id") == [
        ("Ana Lucía Ruiz", "1940-02-01", "ACTIVE"),
        ("Bendt Okafor", "2010-06-15", "ACTIVE"),
        ("Cora O'Brien-Díaz", "1950-01-01", "INACTIVE"),
        ("Dov Elkin", "1985-12-31", "ACTIVE"),
    ]
    assert all(email.endswith("@example.org") for email in await rows(database, "SELECT email FROM users"))
    assert await rows(database, "SELECT role, count(*) FROM user_roles GROUP BY 1 ORDER BY 1") == [
        ("DOCTOR", 3),
        ("PATIENT", 4),
    ]
    assert await rows(database, "SELECT confirmation, version FROM clinic_policies") == [("AUTOMATIC", 1)] * 2


async def test_visits_become_completed_appointments_with_slot_and_timeline(database: str) -> None:
    await import_synthea(database, FIXTURE)
    assert await rows(database, "SELECT DISTINCT status, booked_at <= starts_at FROM appointments") == [
        ("COMPLETED", True)
    ]
    shared = "s.id, s.capacity, s.booked_count"
    assert await appointment(database, 1, shared) == await appointment(database, 3, shared)
    assert (await appointment(database, 1, shared))[1:] == (2, 2)
    assert await appointment(database, 1, "a.reason") == "General examination"
    assert await appointment(database, 2, "a.reason") == "Acute bronchitis"
    assert await appointment(database, 19, "a.local_day::text") == "2015-10-23"
    firsts = await rows(database, f"SELECT i.external_id {APPOINTMENT} WHERE a.is_first_visit")
    assert set(firsts) == {encounter(number) for number in (3, 17, 19, 21, 32, 34, 35)}
    steps = "SELECT from_status, to_status, happened_at::text FROM appointment_timeline WHERE appointment_id = $1"
    assert await rows(database, f"{steps} ORDER BY id", await appointment(database, 1, "a.id")) == [
        (None, "CONFIRMED", "2019-03-10 16:00:00+00"),
        ("CONFIRMED", "CHECKED_IN", "2019-03-10 16:00:00+00"),
        ("CHECKED_IN", "IN_PROGRESS", "2019-03-10 16:00:00+00"),
        ("IN_PROGRESS", "COMPLETED", "2019-03-10 16:15:00+00"),
    ]
    clinics = "SELECT count(*) FROM doctor_clinics GROUP BY doctor_id ORDER BY doctor_id"
    assert await rows(database, clinics) == [2, 1, 1]  # visit 32 is at another clinic than its doctor's


async def test_money_is_exact(database: str) -> None:
    await import_synthea(database, FIXTURE)
    money = "p.amount_minor, p.covered_minor, p.captured_minor, p.status, p.currency"
    assert await appointment(database, 1, money) == (20_02, 80_08, 20_02, "CAPTURED", "USD")
    assert await appointment(database, 3, money) == (19, 10, 19, "CAPTURED", "USD")
    assert await appointment(database, 23, money) == (0, 12_50, 0, "CAPTURED", "USD")  # covered as stated
    assert await appointment(database, 24, money) == (0, 10_00, 0, "CAPTURED", "USD")
    assert await appointment(database, 32, money) == (129_16, 0, 129_16, "CAPTURED", "USD")
    assert await appointment(database, 21, "p.id") is None
    assert await rows(database, "SELECT payment_id, kind, amount_minor FROM payment_events ORDER BY 1") == await rows(
        database, "SELECT id, status, captured_minor FROM payments ORDER BY 1"
    )


async def test_secrets_are_never_stored(database: str, tmp_path: Path) -> None:
    report = await import_synthea(database, FIXTURE)
    report.write(tmp_path / "report.json")
    with (FIXTURE / "patients.csv").open(newline="") as source:
        secrets = [row[name] for row in csv.DictReader(source) for name in ("SSN", "DRIVERS", "PASSPORT") if row[name]]
    assert len(secrets) == 9
    stored = [text for table in (await contents(database)).values() for text in table]
    assert any("Ana Lucía Ruiz" in text for text in stored)
    for text in (*stored, (tmp_path / "report.json").read_text()):
        assert not any(secret in text or secret.replace("-", "") in text for secret in secrets)


async def test_errors_do_not_quote_the_file(database: str, folder: Path) -> None:
    change(folder / "patients.csv", "2010-06-15,,999-71-0002,", "2010-06-15,999-71-0002,,")
    with pytest.raises(SyntheaError, match=r"^patients\.csv line 3: DEATHDATE is not a date \(YYYY-MM-DD\)$") as caught:
        await import_synthea(database, folder)
    assert caught.value.file == "patients.csv"
    assert caught.value.line == 3


async def test_a_second_run_loads_nothing_twice(database: str) -> None:
    first = await import_synthea(database, FIXTURE)
    before = await contents(database)
    second = await import_synthea(database, FIXTURE)
    assert await contents(database) == before
    check_sums(second)
    assert list(second.problems) == list(first.problems)
    for name, counts in second.files.items():
        assert (counts.loaded, counts.already_there) == (0, first.files[name].loaded)


def earlier_and_shared(folder: Path) -> None:
    """Adds a visit at the times of 1 and 3 (a third seat), one before all of Ana's with doctor 1, two that cannot."""
    row = "{id},{start}Z,{stop}Z,03cc0000-0000-4000-8000-{patient},01aa0000-0000-4000-8000-000000000001,"
    row += "02bb0000-0000-4000-8000-000000000001,,wellness,1,More,82.02,30.00,0.00,,\n"
    with (folder / "encounters.csv").open("a") as target:
        for number, start, stop, patient in (
            (41, "2019-03-10T16:00:00", "2019-03-10T16:15:00", 4),
            (42, "1990-01-01T09:00:00", "1990-01-01T09:15:00", 1),
            (43, "2019-03-10T16:05:00", "2019-03-10T16:10:00", 3),
            (44, "2020-03-10T16:01:00", "2020-03-10T16:02:00", 4),
        ):
            target.write(row.format(id=encounter(number), start=start, stop=stop, patient=f"{patient:012d}"))


async def test_a_run_with_more_rows_loads_the_new_ones(database: str, folder: Path) -> None:
    await import_synthea(database, folder)
    earlier_and_shared(folder)
    report = await import_synthea(database, folder)
    check_sums(report)
    counts = report.files["encounters.csv"]
    assert (counts.loaded, counts.already_there) == (2, len(LOADED))
    late = {p.id: p.reason for p in report.problems if p.line > 36 and p.file == "encounters.csv"}
    assert late == {encounter(43): Reason.AFTER_DEATH, encounter(44): Reason.DOCTOR_OVERLAP}
    assert await appointment(database, 41, "s.capacity, s.booked_count") == (3, 3)
    assert await appointment(database, 42, "a.is_first_visit") is True
    assert await appointment(database, 21, "a.is_first_visit") is False


async def test_two_imports_at_once_do_not_double(database: str) -> None:
    reports = await asyncio.gather(*(import_synthea(database, FIXTURE) for _ in range(3)))
    assert sorted(report.files["encounters.csv"].loaded for report in reports) == [0, 0, len(LOADED)]
    assert await rows(database, "SELECT count(*) FROM appointments") == [len(LOADED)]
    assert await rows(database, "SELECT count(*) FROM payments") == [len(LOADED) - 1]


async def test_data_of_other_clinics_stays(database: str) -> None:
    await clinic_data.load(database, 3)
    before = await contents(database)
    report = await import_synthea(database, FIXTURE)
    check_sums(report)
    assert report.files["encounters.csv"].loaded == len(LOADED)
    after = await contents(database)
    stays = [table for table in before if not table.startswith("roll_up_")]  # sums of all clinics grow
    assert all(set(before[table]) <= set(after[table]) for table in stays)
    assert await recount(database) == []


async def test_what_was_changed_since_is_left_alone(database: str, folder: Path) -> None:
    """A new name stays; a slot made here keeps its doctor's time; a daily limit refuses no history."""
    encounters = (folder / "encounters.csv").read_text()
    (folder / "encounters.csv").write_text(encounters.splitlines(keepends=True)[0])
    await import_synthea(database, folder)
    await rows(
        database,
        "INSERT INTO slots (doctor_id, clinic_id, starts_at, ends_at, blocked_until)"
        " VALUES (1, 1, '2019-03-10 16:05Z', '2019-03-10 16:10Z', '2019-03-10 16:15Z')",
    )
    await rows(database, "UPDATE doctors SET daily_patient_limit = 1")
    await rows(database, "UPDATE clinics SET name = 'Renamed'")
    (folder / "encounters.csv").write_text(encounters)
    report = await import_synthea(database, folder)
    check_sums(report)
    busy = {p.id for p in report.problems if p.reason == Reason.DOCTOR_OVERLAP}
    assert busy == {encounter(number) for number in (1, 3, 7, 4, 33)}
    assert await rows(database, "SELECT DISTINCT name FROM clinics") == ["Renamed"]
    assert await rows(database, "SELECT count(*) FROM appointments WHERE is_override") == [len(LOADED) - 2]


def cut(text: bytes, end: bytes) -> bytes:
    return text[: text.index(end) + len(end)]


BROKEN: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "missing column": ("patients.csv", lambda b: b.replace(b"BIRTHDATE", b"BORN"), "line 1: has no column BIRTHDATE"),
    "column twice": ("patients.csv", lambda b: b.replace(b"DEATHDATE", b"FIRST"), "line 1: has no column DEATHDATE"),
    "column twice too": ("patients.csv", lambda b: b.replace(b"SSN", b"FIRST"), "line 1: has the column FIRST more"),
    "empty": ("providers.csv", lambda _: b"", "is empty"),
    "bad date": ("patients.csv", lambda b: b.replace(b"1940-02-01", b"1940-02-30"), "line 2: BIRTHDATE is not a date"),
    "bad instant": (
        "encounters.csv",
        lambda b: b.replace(b"T16:00:00Z", b"T25:00:00Z", 1),
        "line 2: START is not an instant",
    ),
    "no zone": ("encounters.csv", lambda b: b.replace(b"16:15:00Z", b"16:15:00", 1), "line 2: STOP is not an instant"),
    "bad amount": (
        "encounters.csv",
        lambda b: b.replace(b"100.10", b"NaN"),
        "line 2: TOTAL_CLAIM_COST is not an amount",
    ),
    "bad id": ("organizations.csv", lambda b: b.replace(b"01aa", b"01xx", 1), "line 2: Id is not a UUID"),
    "no id": ("payers.csv", lambda b: b.replace(b"05ee0000-0000-4000-8000-000000000002", b""), "line 3: Id is missing"),
    "no name": ("patients.csv", lambda b: b.replace(b"Dov5", b""), "line 5: FIRST is missing"),
    "bad position": ("organizations.csv", lambda b: b.replace(b"39.50", b"139.50"), "line 2: LAT is not between"),
    "wrong encoding": (
        "patients.csv",
        lambda b: b.replace("Díaz".encode(), "Díaz".encode("latin-1")),
        "line 4: is not UTF-8",
    ),
    "utf-16": ("patients.csv", lambda b: b.decode().encode("utf-16"), "line 1: a NUL byte"),
    "nul": ("medications.csv", lambda b: b.replace(b"Tablet", b"Tab\0let"), "line 3: a NUL byte"),
    "cut in a row": ("encounters.csv", lambda b: cut(b, b"Acute"), "line 3: the file ends in the middle"),
    "cut in a row, ended": (
        "encounters.csv",
        lambda b: cut(b, b"ambulatory") + b"\n",
        "line 3: has 8 fields, the header",
    ),
    "cut in a quote": ("medications.csv", lambda b: cut(b, b"Tablet\n"), "line 3: a quote is opened that never"),
    "cut in the last field": ("medications.csv", lambda b: b[:-1], "line 5: the file ends in the middle"),
    "too many fields": ("payers.csv", lambda b: b.replace(b",95999,", b",95999,,"), "line 2: has 8 fields"),
    "text after a quote": ("organizations.csv", lambda b: b.replace(b'Wing"', b'Wing" x'), "line 3: is not CSV"),
    "huge field": (
        "organizations.csv",
        lambda b: b.replace(b"ALDER", b"A" * 200_000),
        "line 2: is not CSV: field larger",
    ),
    "huge row": ("encounters.csv", lambda b: b + b'"x\n",' * 300_000, "line [0-9]+: a row of more than 1 MiB"),
    "id twice": (
        "patients.csv",
        lambda b: b + b.splitlines(keepends=True)[2],
        "line 6: Id 03cc0000-0000-4000-8000-000000000002 stands in line 3 already",
    ),
    "dangling clinic": (
        "providers.csv",
        lambda b: b.replace(b"01aa", b"01ab", 1),
        "line 2: ORGANIZATION 01ab0000-0000-4000-8000-000000000001 is not in organizations.csv",
    ),
    "dangling patient": ("encounters.csv", lambda b: b.replace(b"03cc", b"03cd", 1), "line 2: PATIENT .* is not in"),
    "dangling doctor": ("encounters.csv", lambda b: b.replace(b"02bb", b"02bc", 1), "line 2: PROVIDER .* is not in"),
}


async def test_a_broken_file_is_named_and_nothing_is_loaded(
    database: str, folder: Path, subtests: pytest.Subtests
) -> None:
    before = await contents(database)
    for kind, (name, spoil, words) in BROKEN.items():
        with subtests.test(kind):
            shutil.copytree(FIXTURE, folder, dirs_exist_ok=True)
            file = folder / name
            file.write_bytes(spoil((FIXTURE / name).read_bytes()))
            with pytest.raises(SyntheaError, match=f"^{re.escape(name)}:? {words}") as caught:
                await import_synthea(database, folder)
            assert "\n" not in str(caught.value)
    assert await contents(database) == before


async def test_a_missing_file_or_folder_is_named(database: str, folder: Path) -> None:
    (folder / "providers.csv").unlink()
    with pytest.raises(SyntheaError, match=r"has no providers\.csv$"):
        await import_synthea(database, folder)
    with pytest.raises(SyntheaError, match="is not a folder"):
        await import_synthea(database, folder / "payers.csv")
    (folder / "providers.csv").mkdir()
    with pytest.raises(SyntheaError, match=r"^providers\.csv: cannot be read: Is a directory$"):
        await import_synthea(database, folder)


async def test_harmless_differences_are_accepted(database: str, folder: Path) -> None:
    """A byte order mark, CRLF, blank lines, more columns, another order, files that are not there or not known."""
    for file in (folder / name for name in FILES):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    with (FIXTURE / "patients.csv").open(newline="") as source, (folder / "patients.csv").open("w", newline="") as to:
        writer = csv.writer(to)
        writer.writerows([*reversed(row), "more"] for row in csv.reader(source))
    (folder / "medications.csv").unlink()
    (folder / "observations.csv").write_text("whatever")
    report = await import_synthea(database, folder)
    check_sums(report)
    assert "medications.csv" not in report.files
    assert report.not_read == ["observations.csv"]
    assert report.files["encounters.csv"].loaded == len(LOADED)
    assert await rows(database, "SELECT count(*) FROM users WHERE name = 'Ana Lucía Ruiz'") == [1]


def test_reading_takes_bounded_memory(tmp_path: Path) -> None:
    file = tmp_path / "medications.csv"
    with file.open("w") as target:
        target.write("START,CODE\n")
        target.writelines(f"2020-01-01,{number}\n" for number in range(50_000))
    report = Report()
    tracemalloc.start()
    count = sum(1 for _ in read_rows(file, ("START", "CODE"), lambda _: None))
    for line in range(40_000):
        report.problems.append(Problem("medications.csv", line, None, Reason.PRESCRIPTION))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_000
    assert peak < 8 << 20
    assert len(list(report.problems)) == len(report.problems) == 40_000


async def test_the_report_is_written(database: str, tmp_path: Path) -> None:
    with Progress(disable=True) as progress:
        report = await import_synthea(database, FIXTURE, progress=progress)
    assert [task.description for task in progress.tasks][:4] == list(FILES[:4])
    assert all(task.finished for task in progress.tasks)
    report.write(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["files"]["encounters.csv"]["reasons"]["stay"] == 3
    assert len(written["problems"]) == len(report.problems)
    report.write(tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(newline="") as source:
        assert len(list(csv.DictReader(source))) == len(report.problems)
    with Console(width=80, file=StringIO()) as console, console.capture() as shown:
        console.print(report.table())
    assert "already" in shown.get().lower()
    assert "an admission (hospital" in shown.get()
    for path in ("report.xml", "nowhere/report.json"):
        with pytest.raises(SyntheaError):
            Report.check_path(tmp_path / path)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not there")
async def test_the_real_files(database: str) -> None:
    report = await import_synthea(database, REAL)
    check_sums(report)
    assert {name: (counts.rows, counts.loaded) for name, counts in report.files.items()} == {
        "organizations.csv": (173, 173),
        "providers.csv": (173, 173),
        "patients.csv": (59, 59),
        "encounters.csv": (2590, 2351),
        "payers.csv": (10, 0),
        "medications.csv": (1772, 0),
    }
    with (REAL / "encounters.csv").open(newline="") as source:
        visits = {row["Id"]: row for row in csv.DictReader(source)}
    reported = {problem.id for problem in report.problems}
    kept = [visit for identity, visit in visits.items() if identity not in reported]
    cents = sum(Decimal(visit["TOTAL_CLAIM_COST"]) for visit in kept) * 100
    assert await rows(database, "SELECT sum(amount_minor + covered_minor)::bigint FROM payments") == [int(cents)]
    doctor = Counter(visit["PROVIDER"] for visit in kept).most_common(1)[0][0]
    hers = await rows(
        database,
        f"SELECT i.external_id {APPOINTMENT} JOIN imported_records AS d ON d.entity = 'doctor'"
        " AND d.entity_id = a.doctor_id WHERE d.external_id = $1",
        doctor,
    )
    assert set(hers) == {visit["Id"] for visit in kept if visit["PROVIDER"] == doctor}
    assert len(hers) > 200
