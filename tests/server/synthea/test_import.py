"""Importing Synthea's files: what is loaded, and what is reported."""

import csv
import json
from collections import Counter
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from server.synthea import Reason, Report, SyntheaError, import_synthea
from tests.server.synthea.files import (
    APPOINTMENT,
    FILES,
    FIXTURE,
    LOADED,
    NOT_LOADED,
    REAL,
    appointment,
    change,
    check_sums,
    contents,
    encounter,
    rows,
)


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
