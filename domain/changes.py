"""Changes that one statement makes together: what nobody waits for costs no round trip of its own."""

import re
from collections import Counter
from collections.abc import Sequence, Set
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

AUDIT = """
INSERT INTO audit_records (happened_at, user_id, client_id, request_id, action, entity, entity_id, patient_id, reason)
VALUES {rows}
"""
RECORD = "($1, $2, $3, $4, {})"
EMIT = """
INSERT INTO outbox_events (created_at, name, aggregate, aggregate_id, sequence, payload)
VALUES {rows}
"""
FIRST_EVENT = "($1, {0}, {1}::text, {2}::bigint, {3}::int, {4}::jsonb)"
LATER_EVENT = """($1, {0}, {1}::text, {2}::bigint, {3}::int + coalesce((
  SELECT max(sequence) FROM outbox_events WHERE aggregate = {1}::text AND aggregate_id = {2}::bigint
), 0), {4}::jsonb)"""
KEEP = """
INSERT INTO idempotency_keys (created_at, mutation, owner, key, input_hash, answer)
VALUES ($1, $2, $3, $4, $5, $6::jsonb)
"""
PLACE = re.compile(r"\$(\d+)")


class Change(NamedTuple):
    """An INSERT or UPDATE that numbers its parameters from $1 on."""

    text: str
    arguments: Sequence[object]


class Audit(NamedTuple):
    """What was done to a row, of which patient."""

    action: str
    entity: str
    entity_id: int | None
    patient_id: int | None
    reason: str | None


class Event(NamedTuple):
    """What happened to an aggregate; the payload is JSON."""

    name: str
    aggregate: str
    aggregate_id: int
    payload: str


@lru_cache(maxsize=512)
def one_statement(texts: tuple[str, ...], places: tuple[int, ...]) -> str:
    """One statement that makes several changes with so many parameters each, those of one after those of another.

    It returns what the first does, if that is RETURNING. No change sees what another has done.
    """
    parts, before = [], 0
    for nth, (text, count) in enumerate(zip(texts, places, strict=True)):
        numbered = PLACE.sub(lambda place, before=before: f"${int(place[1]) + before}", text)  # type: ignore[misc]
        parts.append(f"change_{nth} AS ({numbered})")
        before += count
    told = "SELECT * FROM change_0" if "RETURNING" in texts[0] else "SELECT"
    return f"WITH {', '.join(parts)} {told}"


def audit(who: Sequence[object], records: Sequence[Audit]) -> Change:
    """Adds audit records; `who` is instant, user, client and request."""
    return Change(_audit(len(records)), (*who, *chain(*records)))


def emit(now: datetime, events: Sequence[Event], new: Set[tuple[str, int]]) -> Change:
    """Adds events, each after those of its aggregate; there are none before those of a `new` one."""
    counted: Counter[tuple[str, int]] = Counter()
    arguments: list[object] = [now]
    for event in events:
        counted[event.aggregate, event.aggregate_id] += 1
        nth = counted[event.aggregate, event.aggregate_id]
        arguments += (event.name, event.aggregate, event.aggregate_id, nth, event.payload)
    return Change(_emit(tuple((event.aggregate, event.aggregate_id) in new for event in events)), arguments)


@lru_cache(maxsize=128)
def _audit(records: int) -> str:
    return AUDIT.format(rows=", ".join(RECORD.format(", ".join(each)) for each in _places(4, records)))


@lru_cache(maxsize=128)
def _emit(are_first: tuple[bool, ...]) -> str:
    rows = zip(are_first, _places(1, len(are_first)), strict=True)
    return EMIT.format(rows=", ".join((FIRST_EVENT if first else LATER_EVENT).format(*each) for first, each in rows))


def _places(before: int, rows: int) -> list[list[str]]:
    """The parameters of rows of five columns, after those that all share."""
    return [[f"${before + 5 * row + column}" for column in range(1, 6)] for row in range(rows)]
