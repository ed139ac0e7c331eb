"""What a booking of ours runs, taken from PostgreSQL's log, as a script for pgbench.

Two bookings are looked at. A parameter that is the same in both stays as it is; one that is the slot's in the first
and in the second is the slot's, and so on; in text that tells of them (the event's payload, the kept answer) the
numbers of the rows are replaced, so that each booking has events of its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from bench.processes import ServerError

ENTRY = re.compile(r"^.{10,40}\[(?P<process>\d+)\] (?P<kind>LOG|DETAIL):  (?P<said>.*(?:\n\t.*)*)", re.MULTILINE)
STATEMENT = re.compile(r"(?:statement|execute [^:]+): (?P<text>.*)", re.DOTALL)
PARAMETER = re.compile(r"\$(\d+) = (?:(NULL)|'((?:[^']|'')*)')")
PLACE = re.compile(r"\$(\d+)")
MADE = "nextval('appointments_id_seq')"
"""Stands in the statement that draws the appointment's id; what it answers is called `made_…`."""
LOCK = re.compile(r"pg_advisory_xact_lock\(-?\d+\)")
"""Of the idempotency key: each booking has one of its own."""
NEXT = "SELECT * FROM bench_seats WHERE nth = (SELECT nextval('bench_nth')) \\gset\n"

APART = ("pg_sleep", "log_statement", "sandbox_")
"""Who runs a statement with one of these is no booking."""


@dataclass(frozen=True)
class Logged:
    """A statement that PostgreSQL executed, and the text of its parameters."""

    text: str
    values: tuple[str | None, ...] = ()


def read_log(log: str) -> list[Logged]:
    """The statements of a part of PostgreSQL's log, without those of sessions that look after it or after sandboxes."""
    found: list[tuple[str, Logged]] = []
    apart: set[str] = set()
    for entry in ENTRY.finditer(log):
        said, process = entry["said"].replace("\n\t", "\n"), entry["process"]
        statement = STATEMENT.match(said)
        if entry["kind"] == "LOG" and statement is not None:
            text = LOCK.sub("pg_advisory_xact_lock(:nth)", statement["text"].strip().rstrip(";"))
            found.append((process, Logged(text)))
            if any(word in text for word in APART):
                apart.add(process)
        elif entry["kind"] == "DETAIL" and found and found[-1][0] == process:
            values = tuple(None if null else text.replace("''", "'") for _, null, text in PARAMETER.findall(said))
            found[-1] = process, Logged(found[-1][1].text, values)
    return [logged for process, logged in found if process not in apart]


@dataclass(frozen=True)
class Script:
    """A pgbench script, and the constants that it is given by `-D`."""

    text: str
    constants: Mapping[str, str]


def script_of(first: Sequence[Logged], second: Sequence[Logged], known: Sequence[tuple[str, str, str]]) -> Script:
    """The script of two bookings. `known` are expressions of pgbench with the texts they stand for in each of the two.

    Raises ServerError if the two did not run the same statements, or differ in what is neither known nor text.
    """
    texts = [each.text for each in first], [each.text for each in second]
    if texts[0] != texts[1]:
        differ = [text[:200] for text in (*texts[0], *texts[1]) if texts[0].count(text) != texts[1].count(text)]
        raise ServerError(f"two bookings ran different statements: {differ}")
    constants: dict[str, str] = {}
    names = (f"c{number}" for number in count())
    lines = [NEXT]
    for one, other in zip(first, second, strict=True):
        places = list(_places(one, other, known, names, constants))
        text = PLACE.sub(lambda place, places=places: places[int(place[1]) - 1], one.text)  # type: ignore[misc]
        end = " \\gset made_\n" if MADE in text else ";\n"
        lines.append(text + end)
    return Script("".join(lines), constants)


def _places(
    one: Logged,
    other: Logged,
    known: Sequence[tuple[str, str, str]],
    names: Iterator[str],
    constants: dict[str, str],
) -> Iterator[str]:
    for value, another in zip(one.values, other.values, strict=True):
        if value is None or another is None:
            if value is not another:
                raise ServerError(f"a parameter of {one.text[:80]} is null in one booking only")
            yield "NULL"
            continue
        place = next((place for place, in_one, in_other in known if (value, another) == (in_one, in_other)), None)
        if place is None:
            name = next(names)
            constants[name] = value
            place = f":{name}" if value == another else _told(f":{name}", value, known)
        yield place


def _told(place: str, value: str, known: Sequence[tuple[str, str, str]]) -> str:
    """An expression for text that names the first booking's rows by number, as the event does: then each its own."""
    for name, in_one, in_other in known:
        if in_one.isdecimal() and in_one != in_other and re.search(rf"\b{in_one}\b", value):
            place = f"regexp_replace({place}::text, '\\m{in_one}\\M', {name}::text, 'g')"
    return place
