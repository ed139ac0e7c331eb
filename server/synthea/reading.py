"""CSV as Synthea writes it, read row by row in bounded memory, and refused where it is broken."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from server.synthea.errors import SyntheaError

ROW_BYTES = 1 << 20  # the longest row; one field holds at most 131,072 characters (the csv module's own limit)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Lines:
    """The lines of a file as text, counted from 1. They are UTF-8, without NUL, and each ends with a line feed."""

    def __init__(self, path: Path, advance: Callable[[int], None]) -> None:
        self.file = path.name
        self.number = 0
        self.row_bytes = 0
        self._path = path
        self._advance = advance

    def __iter__(self) -> Iterator[str]:
        try:
            with self._path.open("rb") as source:
                while line := source.readline(ROW_BYTES + 1):
                    yield self._checked(line)
        except OSError as error:
            raise SyntheaError(f"cannot be read: {error.strerror}", self.file) from None

    def _checked(self, line: bytes) -> str:
        self._advance(len(line))
        self.number += 1
        self.row_bytes += len(line)
        if self.row_bytes > ROW_BYTES:
            raise SyntheaError("a row of more than 1 MiB (perhaps a quote is not closed)", self.file, self.number)
        if self.number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        if b"\0" in line:
            raise SyntheaError("a NUL byte: this is not UTF-8 text", self.file, self.number)
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise SyntheaError("is not UTF-8 text", self.file, self.number) from None
        if not line.endswith(b"\n"):
            raise SyntheaError(
                "the file ends in the middle of this line (no line feed): it looks truncated", self.file, self.number
            )
        return text


def read_rows(
    path: Path, columns: tuple[str, ...], advance: Callable[[int], None]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields each row's first line number and its values of `columns`, stripped; other columns are dropped unseen.

    `columns` are upper case and are found whatever their case and order. Blank lines are no rows.
    """
    lines = Lines(path, advance)
    reader = csv.reader(lines, strict=True)
    header = _next_row(reader, lines)
    if header is None:
        raise SyntheaError("is empty: it has no header", lines.file)
    places = _places(lines.file, header[1], columns)
    while (row := _next_row(reader, lines)) is not None:
        line, fields = row
        if not fields:
            continue
        if len(fields) != len(header[1]):
            raise SyntheaError(f"has {len(fields)} fields, the header has {len(header[1])}", lines.file, line)
        yield line, {column: fields[place].strip() for column, place in places}


def _next_row(reader: "Iterator[list[str]]", lines: Lines) -> tuple[int, list[str]] | None:
    lines.row_bytes = 0
    first = lines.number + 1
    try:
        fields = next(reader, None)
    except csv.Error as error:
        words = "a quote is opened that never closes" if "end of data" in str(error) else f"is not CSV: {error}"
        raise SyntheaError(words, lines.file, first) from None
    return None if fields is None else (first, fields)


def _places(file: str, header: list[str], columns: tuple[str, ...]) -> list[tuple[str, int]]:
    names = [name.strip().upper() for name in header]
    if missing := [column for column in columns if column not in names]:
        raise SyntheaError(f"has no column {', '.join(missing)}", file, 1)
    if twice := [column for column in columns if names.count(column) > 1]:
        raise SyntheaError(f"has the column {', '.join(twice)} more than once", file, 1)
    return [(column, names.index(column)) for column in columns]
