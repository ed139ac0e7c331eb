"""Measures the engine against graphql-core's executor: ``python -m engine.measure``.

One operation, a doctor's fortnight: 100 appointments with patient (and the patient's user), slot, clinic and
payment, from rows that are dictionaries and are already there. What is measured is the executor's own work, in
CPU time of this process: no database, no parsing, no validation, no HTTP.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLObjectType, GraphQLSchema, build_schema, execute, parse

from engine import BreadthFirstExecutor, Item

SDL = """
    type Query { appointments: [Appointment!]! }
    type Appointment {
      id: ID! status: String! reason: String createdAt: String!
      patient: Patient! slot: Slot! clinic: Clinic! payment: Payment
    }
    type Patient { id: ID! birthDate: String! insured: Boolean! user: User! }
    type User { id: ID! name: String! email: String! phone: String }
    type Slot { id: ID! startsAt: String! endsAt: String! }
    type Clinic { id: ID! name: String! city: String! }
    type Payment { id: ID! amount: Int! currency: String! status: String! }
"""

DOCUMENT = parse("""
    {
      appointments {
        id status reason
        patient { id birthDate user { name email } }
        slot { startsAt endsAt }
        clinic { id name }
        payment { amount currency status }
      }
    }
""")

ROWS = 100
ROUNDS = 15


def rows_of(table: str) -> dict[int, dict[str, Any]]:
    """The rows of a table by their key."""
    make: dict[str, Callable[[int], dict[str, Any]]] = {
        "patient": lambda n: {"id": f"p{n}", "birthDate": "1980-01-01", "insured": n % 3 > 0, "user_id": n},
        "user": lambda n: {"id": f"u{n}", "name": f"Name {n}", "email": f"{n}@example.org", "phone": None},
        "slot": lambda n: {"id": f"s{n}", "startsAt": f"2026-11-21T{n}", "endsAt": f"2026-11-21T{n}"},
        "clinic": lambda n: {"id": f"c{n}", "name": f"Clinic {n}", "city": "Oakland"},
        "payment": lambda n: {"id": f"y{n}", "amount": n * 100, "currency": "USD", "status": "PAID"},
    }
    return {n: make[table](n) for n in range(ROWS)}


TABLES = {table: rows_of(table) for table in ("patient", "user", "slot", "clinic", "payment")}
APPOINTMENTS = [
    {
        "id": f"a{n}",
        "status": "BOOKED",
        "reason": "check-up" if n % 2 else None,
        "createdAt": "2026-11-01T12:00:00Z",
        **{f"{table}_id": n for table in ("patient", "slot", "clinic", "payment")},
    }
    for n in range(ROWS)
]
RELATIONS = {
    "Appointment": ("patient", "slot", "clinic", "payment"),
    "Patient": ("user",),
}

Relate = Callable[[str, str], dict[str, Any]]


def schema_with(root: dict[str, Any], relate: Relate, leaf: Callable[[str], dict[str, Any]]) -> GraphQLSchema:
    """The schema, its fields given what the functions say: attributes of GraphQLField by name."""
    schema = build_schema(SDL)
    for name, type_ in schema.type_map.items():
        if not isinstance(type_, GraphQLObjectType) or name.startswith("__"):
            continue
        for field_name, field in type_.fields.items():
            if name == "Query":
                given = root
            elif field_name in RELATIONS.get(name, ()):
                given = relate(field_name, f"{field_name}_id")
            else:
                given = leaf(field_name)
            for attribute, value in given.items():
                setattr(field, attribute, value)
    return schema


def batched(*, wait: bool) -> GraphQLSchema:
    """As the engine wants it: batch resolvers, and leaves that are declared reads."""

    def relate(table: str, key: str) -> dict[str, Any]:
        rows = TABLES[table]

        def batch(sources: list[Any], _info: Any) -> list[Any]:
            return [rows[source[key]] for source in sources]

        async def batch_later(sources: list[Any], _info: Any) -> list[Any]:
            await asyncio.sleep(0)
            return [rows[source[key]] for source in sources]

        return {"extensions": {"batch": batch_later if wait else batch}}

    root = {"extensions": {"batch": lambda sources, _info: [APPOINTMENTS] * len(sources)}}
    return schema_with(root, relate, lambda name: {"extensions": {"read": Item(name)}})


def ordinary() -> GraphQLSchema:
    """One synchronous resolver for each relation, graphql-core's default resolver for the leaves."""

    def relate(table: str, key: str) -> dict[str, Any]:
        rows = TABLES[table]
        return {"resolve": lambda source, _info: rows[source[key]]}

    return schema_with({"resolve": lambda _source, _info: APPOINTMENTS}, relate, lambda _name: {})


def with_loaders() -> GraphQLSchema:
    """One future for each object, all of a tick answered together, as data loaders do it."""

    def relate(table: str, key: str) -> dict[str, Any]:
        rows = TABLES[table]
        waiting: list[tuple[Any, asyncio.Future[Any]]] = []

        def dispatch() -> None:
            batch = waiting[:]
            waiting.clear()
            for wanted, future in batch:
                future.set_result(rows[wanted])

        def load(wanted: Any) -> asyncio.Future[Any]:
            loop = asyncio.get_running_loop()
            if not waiting:
                loop.call_soon(dispatch)
            future = loop.create_future()
            waiting.append((wanted, future))
            return future

        async def resolve(source: Any, _info: Any) -> Any:
            return await load(source[key])

        return {"resolve": resolve}

    return schema_with({"resolve": lambda _source, _info: APPOINTMENTS}, relate, lambda _name: {})


async def once(schema: GraphQLSchema, document: DocumentNode, executor: Any) -> ExecutionResult:
    """Execute the operation."""
    result = execute(schema, document, executor_class=executor)
    return await result if isinstance(result, Awaitable) else result


async def cost(schema: GraphQLSchema, executor: Any, times: int) -> float:
    """CPU milliseconds of one execution: the best of some rounds, since others use the machine too."""
    for _ in range(3):
        await once(schema, DOCUMENT, executor)
    taken = []
    for _ in range(ROUNDS):
        gc.collect()
        before = time.process_time()
        for _ in range(times):
            await once(schema, DOCUMENT, executor)
        taken.append((time.process_time() - before) / times)
    return min(taken) * 1000


async def main() -> None:
    """Print one line per way of doing it."""
    plain = ordinary()
    expected = (await once(plain, DOCUMENT, None)).data
    values = json.dumps(expected).count(": ")
    sys.stdout.write(f"{ROWS} appointments, {values} keys in the answer\n")
    cases = [
        ("graphql-core, resolver per object", plain, None, 5),
        ("graphql-core, future per object", with_loaders(), None, 3),
        ("engine, resolver per object", plain, BreadthFirstExecutor, 20),
        ("engine, future per object", with_loaders(), BreadthFirstExecutor, 5),
        ("engine, batches", batched(wait=False), BreadthFirstExecutor, 100),
        ("engine, batches that wait", batched(wait=True), BreadthFirstExecutor, 100),
    ]
    first = 0.0
    for name, schema, executor, times in cases:
        result = await once(schema, DOCUMENT, executor)
        assert result.errors is None
        assert json.dumps(result.data) == json.dumps(expected)
        taken = await cost(schema, executor, times)
        first = first or taken
        sys.stdout.write(f"{name:36} {taken:8.3f} ms   {first / taken:6.1f} x\n")


if __name__ == "__main__":
    asyncio.run(main())
