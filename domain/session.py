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
from typing import Any, NamedTuple, cast

import asyncpg
import orjson
from asyncpg import Record
from sqlalchemy import BigInteger, Table, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB

from auth.oauth.configuration import Configuration
from auth.viewer import Sight, Viewer
from auth.visibility import RULES
from domain.constraints import refusal_of
from domain.refusal import Forbidden, NotFound
from models.base import Base
from models.statement import Statement, compile_statement, parameter

Values = Mapping[str, Any]

WRITE_DOWN = """
WITH audited AS (
  INSERT INTO audit_records (happened_at, user_id, client_id, request_id, action, entity, entity_id, patient_id, reason)
  SELECT $1, $2, $3, $4, action, entity, entity_id, patient_id, reason
  FROM jsonb_to_recordset($5::jsonb)
    AS (action text, entity text, entity_id bigint, patient_id bigint, reason text)
), emitted AS (
  INSERT INTO outbox_events (name, aggregate, aggregate_id, sequence, payload, created_at)
  SELECT name, aggregate, aggregate_id, nth + coalesce(
    (SELECT max(sequence) FROM outbox_events o WHERE o.aggregate = e.aggregate AND o.aggregate_id = e.aggregate_id), 0
  ), payload, $1
  FROM jsonb_to_recordset($6::jsonb)
    AS e (name text, aggregate text, aggregate_id bigint, nth int, payload jsonb)
)
INSERT INTO idempotency_keys (owner, mutation, key, input_hash, answer, created_at)
SELECT $7::text, $8::text, $9::text, $10::bytea, $11::jsonb, $1 WHERE $9::text IS NOT NULL
"""


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
        self._audits: list[dict[str, Any]] = []
        self._events: list[dict[str, object]] = []
        self.written: dict[type[Base], Record] = {}

    @property
    def has_events(self) -> bool:
        """Whether something happened that others wait for."""
        return bool(self._events)

    @property
    def audited(self) -> set[tuple[str, int | None]]:
        """Entities and ids of the rows whose changes the audit tells of."""
        return {(each["entity"], each["entity_id"]) for each in self._audits}

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
        return int(row["id"]) if row is not None else 0

    async def update(self, model: type[Base], id: int, **values: Any) -> None:
        """Changes a row that was locked or made here; its version grows."""
        statement = _update(_table(model), tuple(values))
        await self.rows(statement, row_id=id, **_given(_table(model), values))

    def wrote(self, model: type[Base], row: Record) -> None:
        """Notes a whole row as it stands now, for an answer that shows it. The viewer may see it."""
        self.written[model] = row

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
        self._audits.append(
            {
                "action": action or self.mutation,
                "entity": entity,
                "entity_id": entity_id,
                "patient_id": patient_id,
                "reason": reason,
            }
        )

    def emit(self, name: str, aggregate: str, aggregate_id: int, **payload: object) -> None:
        """Notes an event of a locked or new row (domain.md §7). The payload holds ids and codes, no patient's data."""
        nth = 1 + sum((e["aggregate"], e["aggregate_id"]) == (aggregate, aggregate_id) for e in self._events)
        self._events.append(
            {"name": name, "aggregate": aggregate, "aggregate_id": aggregate_id, "nth": nth, "payload": payload}
        )

    async def write_down(self, kept: KeptAnswer | None = None) -> None:
        """Audit, outbox and the answer kept for an idempotency key: one statement, the last before the commit."""
        if not self._audits and not self._events and kept is None:
            return
        named = (None,) * 4 if kept is None else (*kept[:3], _json(kept.answer))
        owner, key, input_hash, answer = named
        await self.run(
            WRITE_DOWN,
            *(self.now, self.viewer.user_id, self.viewer.client_id, self._request_id),
            *(_json(self._audits), _json(self._events)),
            *(owner, self.mutation, key, input_hash, answer),
        )

    async def _one(self, statement: Statement, model: type[Base], id: int) -> Record:
        row = await self.row(statement, row_id=id)
        if row is None:
            raise NotFound(f"there is no such {model.__name__.lower()}")
        return row


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
