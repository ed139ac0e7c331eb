"""Files that Synthea would not write: named, and nothing is loaded."""

import csv
import re
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from server.synthea import Problem, Reason, Report, SyntheaError, import_synthea
from server.synthea.reading import read_rows
from tests.server.synthea.files import (
    FILES,
    FIXTURE,
    LOADED,
    check_sums,
    contents,
    rows,
)


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
