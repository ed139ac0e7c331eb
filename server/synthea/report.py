"""What an import did: counts per file, and each row that was not loaded with its reason."""

import csv
import json
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from server.synthea.errors import SyntheaError
from server.synthea.reasons import WORDS, Reason

KEPT_IN_MEMORY = 1 << 20


class Problem(NamedTuple):
    """A row that is not loaded. `id` is the row's Id; prescriptions have none."""

    file: str
    line: int
    id: str | None
    reason: Reason

    @property
    def words(self) -> str:
        return WORDS[self.reason]


@dataclass
class FileCounts:
    """The rows of a file: `rows` = `loaded` + `already_there` + `reported`; `reasons` counts the reported ones."""

    rows: int = 0
    loaded: int = 0
    already_there: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)

    @property
    def reported(self) -> int:
        return self.reasons.total()


class Problems:
    """The problems in the order of the files and their lines; beyond 1 MiB they lie in a temporary file."""

    def __init__(self) -> None:
        self._rows = tempfile.SpooledTemporaryFile(  # noqa: SIM115 (it lives as long as the report)
            KEPT_IN_MEMORY, "w+", encoding="ascii", newline="\n"
        )
        weakref.finalize(self, self._rows.close)
        self._length = 0

    def append(self, problem: Problem) -> None:
        self._rows.write(f"{problem.file},{problem.line},{problem.id or ''},{problem.reason}\n")
        self._length += 1

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Problem]:
        self._rows.seek(0)
        for row in self._rows:
            file, line, identity, reason = row.rstrip("\n").split(",")
            yield Problem(file, int(line), identity or None, Reason(reason))


class Report:
    """What became of every row. `not_read` names the CSV files of the folder that this import knows nothing of."""

    def __init__(self) -> None:
        self.files: dict[str, FileCounts] = {}
        self.problems = Problems()
        self.not_read: list[str] = []

    def add(self, problem: Problem) -> None:
        self.problems.append(problem)
        self.files[problem.file].reasons[problem.reason] += 1

    @staticmethod
    def check_path(path: Path) -> None:
        """Refuses a path that `write` could not write to, so that this is known before the import."""
        if path.suffix.lower() not in {".json", ".csv"}:
            raise SyntheaError(f"a report is a .json or a .csv file, not {path.name}")
        if not path.absolute().parent.is_dir():
            raise SyntheaError(f"the folder of the report {path} does not exist")

    def write(self, path: Path) -> None:
        """As JSON: counts and problems; as CSV: the problems alone, one a row."""
        self.check_path(path)
        try:
            with path.open("w", encoding="utf-8", newline="") as target:
                target.writelines(self._csv() if path.suffix.lower() == ".csv" else self._json())
        except OSError as error:
            raise SyntheaError(f"the report {path} cannot be written: {error.strerror}") from None

    def _csv(self) -> Iterator[str]:
        yield _csv_line((*Problem._fields, "words"))
        for problem in self.problems:
            yield _csv_line((*problem, problem.words))

    def _json(self) -> Iterator[str]:
        files = {
            name: {
                "rows": counts.rows,
                "loaded": counts.loaded,
                "already_there": counts.already_there,
                "reported": counts.reported,
                "reasons": dict(sorted(counts.reasons.items())),
            }
            for name, counts in self.files.items()
        }
        yield f'{{\n"files": {json.dumps(files, indent=2)},\n"not_read": {json.dumps(self.not_read)},\n"problems": ['
        for place, problem in enumerate(self.problems):
            yield (",\n" if place else "\n") + json.dumps({**problem._asdict(), "words": problem.words})
        yield "\n]\n}\n"

    def table(self) -> Table:
        """For the terminal: the counts of each file, and below them the reasons."""
        counts_of_files = Table("File", title="Synthea import", title_justify="left")
        for column in ("Rows", "Loaded", "Already there", "Reported"):
            counts_of_files.add_column(column, justify="right")
        reasons = Table("Not loaded of", title="Reasons", title_justify="left")
        reasons.add_column("Rows", justify="right")
        reasons.add_column("Why")
        for name, counts in self.files.items():
            numbers = (counts.rows, counts.loaded, counts.already_there, counts.reported)
            counts_of_files.add_row(name, *(f"{number:,}" for number in numbers))
            for reason, number in sorted(counts.reasons.items(), key=lambda item: (-item[1], item[0])):
                reasons.add_row(name, f"{number:,}", WORDS[reason])
        both = Table.grid()
        both.add_row(counts_of_files)
        if self.problems:
            both.add_row(reasons)
        return both


def _csv_line(values: tuple[object, ...]) -> str:
    line = StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
