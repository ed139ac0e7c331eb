"""One transaction, as the rules see it.

A write goes lock → check → change → audit → outbox. Locks are taken in one order, so that no two writers wait for
each other:

    idempotency key → user → clinic → doctor → patient → slots by id → days of doctors, in order → appointments by id
    → holds → waitlist entries → offers → payments → roll-ups → outbox

What a step does not need it skips, but it never goes back. A single slot stands for its day. The rules take a session,
never a connection; they never commit and never read a clock.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, TypeVar, cast

import asyncpg
import orjson
from asyncpg import Record
from sqlalchemy import BigInteger, Table, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB

from auth.oauth.configuration import Configuration
from auth.viewer import Sight, Viewer
from auth.visibility import RULES
from domain.changes import KEEP, Audit, Change, Event, audit, emit, one_statement
from domain.constraints import refusal_of
from domain.refusal import Forbidden, NotFound
from models.base import Base
from models.statement import Statement, compile_statement, parameter

Values = Mapping[str, Any]
RowT = TypeVar("RowT")

MOST = 100
"""Audit records, or events, in one statement."""


class KeptAnswer(NamedTuple):
    """What is answered again when its owner (a user or a client) sends the same key and input."""

    owner: str
    key: str
    input_hash: bytes
    answer: Values


class Session:
    """Writes of one mutation field: `viewer` makes them, at the instant `now`."""

    def __init__(
        self,
        connection: "asyncpg.Connection[Any]",
        viewer: Viewer,
        now: datetime,
        request_id: str,
        mutation: str,
        installation: Configuration | None = None,
    ) -> None:
        self.viewer = viewer
        self.now = now
        self.mutation = mutation
        self.statements = 0
        self._connection = connection
        self._installation = installation
        self._request_id = request_id
        self._values: dict[str, object] = {**viewer.parameters, "now": now}
        self._audits: list[Audit] = []
        self._events: list[Event] = []
        self._put_off: list[Change] = []
        self._adds: type[Base] | None = None
        self._new: set[tuple[str, int]] = set()
        self.written: dict[type[Base], Record] = {}

    @property
    def has_events(self) -> bool:
        """Whether something happened that others wait for."""
        return bool(self._events)

    @property
    def audited(self) -> set[tuple[str, int | None]]:
        """Entities and ids of the rows whose changes the audit tells of."""
        return {(each.entity, each.entity_id) for each in self._audits}

    @property
    def installation(self) -> Configuration:
        """What people's credentials rest on here. Raises Forbidden where another issuer signs people in."""
        if self._installation is None:
            raise Forbidden("people sign in elsewhere: their passwords and second steps are kept there")
        return self._installation

    def check_people_sign_in_here(self) -> None:
        """Raises Forbidden where another issuer signs people in."""
        assert self.installation is not None

    async def rows(self, statement: Statement, **values: object) -> list[Record]:
        """What a statement returns. Raises the Refusal that a violated constraint means."""
        return await self.run(statement.text, *statement.arguments({**self._values, **values}))

    async def row(self, statement: Statement, **values: object) -> Record | None:
        """The first row that a statement returns."""
        rows = await self.rows(statement, **values)
        return rows[0] if rows else None

    async def run(self, text: str, *arguments: object) -> list[Record]:
        """What SQL text returns; for the few statements that are clearer as text."""
        if self._put_off:
            await self._make([])
        return await self._run(text, *arguments)

    async def _run(self, text: str, *arguments: object) -> list[Record]:
        self.statements += 1
        try:
            return cast("list[Record]", await self._connection.fetch(text, *arguments))
        except asyncpg.IntegrityConstraintViolationError as error:
            if (refusal := refusal_of(error)) is not None:
                raise refusal from error
            raise

    async def find(self, model: type[Base], id: int) -> Record:
        """The row, if the viewer may see it. Raises NotFound."""
        return await self._one(_select(_table(model), self.viewer.sight, lock=False), model, id)

    async def lock(self, model: type[Base], id: int) -> Record:
        """The row, if the viewer may see it, held for this transaction. Raises NotFound."""
        return await self._one(_select(_table(model), self.viewer.sight, lock=True), model, id)

    async def insert(self, model: type[Base], **values: Any) -> int:
        """Adds a row; returns its id (0 for a table without one)."""
        statement = _insert(_table(model), tuple(values))
        row = await self.row(statement, **_given(_table(model), values))
        if row is None:
            return 0
        self._new.add((model.__name__, row["id"]))
        return int(row["id"])

    async def update(self, model: type[Base], id: int, **values: Any) -> None:
        """Changes a row that was locked or made here; its version grows."""
        statement = _update(_table(model), tuple(values))
        await self.rows(statement, row_id=id, **_given(_table(model), values))

    def add(self, model: type[Base], id: int, text: str, *arguments: object) -> None:
        """Leaves the INSERT of one row, whose id was drawn, to the last statement, or to one before the next that is
        run. The row that it returns, which the viewer may see, is `written` then: an answer may show it."""
        assert self._adds is None, "one row at a time"
        self._put_off.insert(0, Change(text, arguments))
        self._adds = model
        self._new.add((model.__name__, id))

    def put_off(self, text: str, *arguments: object) -> None:
        """Leaves a change that returns nothing to the same statement."""
        self._put_off.append(Change(text, arguments))

    def audit(
        self,
        entity: str,
        entity_id: int | None,
        *,
        patient_id: int | None = None,
        reason: str | None = None,
        action: str | None = None,
    ) -> None:
        """Notes who did what; `action` is the mutation unless it says otherwise. Written before the commit."""
        self._audits.append(Audit(action or self.mutation, entity, entity_id, patient_id, reason))

    def emit(self, name: str, aggregate: str, aggregate_id: int, **payload: object) -> None:
        """Notes an event of a locked or new row (domain.md §7). The payload holds ids and codes, no patient's data."""
        self._events.append(Event(name, aggregate, aggregate_id, _json(payload)))

    async def write_down(self, kept: KeptAnswer | None = None) -> None:
        """Audit, outbox, the answer kept for an idempotency key and what was put off: the last before the commit, in
        one statement unless there are very many."""
        who = (self.now, self.viewer.user_id, self.viewer.client_id, self._request_id)
        audits = [audit(who, records) for records in _batches(self._audits)]
        events = []
        for batch in _batches(self._events):
            events.append(emit(self.now, batch, self._new))
            self._new.clear()  # those of the next follow upon these
        for change in (*audits[:-1], *events[:-1]):
            await self._make([change])
        keep = [] if kept is None else [Change(KEEP, (self.now, self.mutation, *kept[:3], _json(kept.answer)))]
        await self._make([*audits[-1:], *events[-1:], *keep])

    async def _make(self, more: list[Change]) -> None:
        """Makes the changes that were put off, and some more."""
        changes, self._put_off = [*self._put_off, *more], []
        if not changes:
            return
        added, self._adds = self._adds, None
        text = one_statement(tuple(each.text for each in changes), tuple(len(each.arguments) for each in changes))
        rows = await self._run(text, *chain.from_iterable(each.arguments for each in changes))
        if added is not None:
            (self.written[added],) = rows

    async def _one(self, statement: Statement, model: type[Base], id: int) -> Record:
        row = await self.row(statement, row_id=id)
        if row is None:
            raise NotFound(f"there is no such {model.__name__.lower()}")
        return row


def _batches(rows: list[RowT]) -> list[list[RowT]]:
    return [rows[start : start + MOST] for start in range(0, len(rows), MOST)]


def _table(model: type[Base]) -> Table:
    return cast("Table", model.__table__)


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def _given(table: Table, values: Values) -> dict[str, Any]:
    """Values under their parameters' names; asyncpg takes JSON as text."""
    return {
        f"new_{name}": _json(value) if isinstance(table.c[name].type, JSONB) and value is not None else value
        for name, value in values.items()
    }


@lru_cache(maxsize=256)
def _select(table: Table, sight: Sight, *, lock: bool) -> Statement:
    query = select(table).where(table.c.id == parameter("row_id", BigInteger()))
    if table in RULES:
        query = query.where(RULES[table](table, sight))
    return compile_statement(query.with_for_update(key_share=True, of=table) if lock else query)


@lru_cache(maxsize=256)
def _insert(table: Table, names: tuple[str, ...]) -> Statement:
    query = insert(table).values({name: parameter(f"new_{name}", table.c[name].type) for name in names})
    return compile_statement(query.returning(table.c.id) if "id" in table.c else query)


@lru_cache(maxsize=256)
def _update(table: Table, names: tuple[str, ...]) -> Statement:
    changes: dict[str, Any] = {name: parameter(f"new_{name}", table.c[name].type) for name in names}
    if "version" in table.c:
        changes["version"] = table.c.version + 1
    if "updated_at" in table.c:
        changes["updated_at"] = parameter("now", table.c.updated_at.type)
    return compile_statement(update(table).where(table.c.id == parameter("row_id", BigInteger())).values(changes))
