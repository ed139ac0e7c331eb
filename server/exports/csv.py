"""CSV as spreadsheets read it (RFC 4180), in which no text becomes a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TypeAlias

Cell: TypeAlias = str | int | float | date | datetime | None

FORMULA = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")  # the last four: full-width = + - @
BYTE_ORDER_MARK = "\ufeff"


def written(rows: Iterable[Sequence[Cell]]) -> str:
    """The rows as lines. Numbers stay numbers, instants are UTC, None is an empty cell."""
    text = io.StringIO()
    csv.writer(text).writerows([cell_text(cell) for cell in row] for row in rows)
    return text.getvalue()


def cell_text(cell: Cell) -> str:
    """What stands for a value. A text that a spreadsheet would run gets an apostrophe first."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA) else cell
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(cell, date):
        return cell.isoformat()
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
