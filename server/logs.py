"""The log: one line each, as JSON for machines or as text for people.

A JSON line has `time`, `level`, `logger`, `message`, `request_id` and what its writer gave as `fields`, and
`trace_id` where spans are made. Of an exception
it has the types and where it went through, and not what they say: an error's text may quote patients' data (a row that
broke a constraint, a value that could not be read).
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from server import request_id, trace_id
from server.operating import LogFormat

ROOT = Path(__file__).resolve().parent.parent
DEEPEST = 40
"""Frames of a traceback, the innermost ones."""


def write_logs(log_format: LogFormat) -> None:
    """From now on this process logs to its standard error: warnings of everybody, and each request."""
    # No line says which thread or process: looking that up took longer than the rest of a record.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format is LogFormat.JSON else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("clinicgraph.requests").setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi", "uvicorn.access"):  # it brings handlers of its own
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.current.get(),
            **getattr(record, "fields", {}),
        }
        if (trace := trace_id.current.get()) is not None:
            line["trace_id"] = trace
        if record.exc_info and record.exc_info[1] is not None:
            line["errors"] = told(record.exc_info[1])
        return orjson.dumps(line, default=repr, option=orjson.OPT_UTC_Z).decode()


class TextLines(logging.Formatter):
    """Writes a record for people: the time, how bad it is, and what; with the whole traceback."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging calls it so
        fields = " ".join(
            f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in getattr(record, "fields", {}).items()
            if value not in (None, [])
        )
        return f"{super().formatMessage(record)} {fields}".rstrip()


def told(error: BaseException) -> list[dict[str, Any]]:
    """An exception and those behind it: types, places, and of PostgreSQL's what broke, but no values."""
    errors: list[dict[str, Any]] = []
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        frames = traceback.extract_tb(each.__traceback__)[-DEEPEST:]
        entry: dict[str, Any] = {
            "type": f"{type(each).__module__}.{type(each).__qualname__}",
            "at": [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames],
        }
        if isinstance(each, asyncpg.PostgresError):
            entry |= {name: getattr(each, name, None) for name in ("sqlstate", "table_name", "constraint_name")}
        errors.append(entry)
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return errors


def _short(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(ROOT):
        path = path.relative_to(ROOT)
    parts = path.parts
    return "/".join(parts[parts.index("site-packages") + 1 :] if "site-packages" in parts else parts)
