"""Importing Synthea's files into a database that is not empty: again, at once, beside other clinics."""

import asyncio
from pathlib import Path

from server.recount import recount
from server.synthea import Reason, import_synthea
from tests import clinic_data
from tests.server.synthea.files import (
    FIXTURE,
    LOADED,
    appointment,
    check_sums,
    contents,
    encounter,
    rows,
)


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
