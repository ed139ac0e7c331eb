"""Objects that lie within the row of another: read from there, and nobody is asked for them."""

from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse

from engine import BreadthFirstExecutor, Item
from engine.within import Part
from tests.engine.differential import run
from tests.engine.generated_world import Place

SDL = """
    type Query { visits: [Visit!]! visit: Visit }
    type Visit { id: ID! patient: Patient fee: Fee! doctor: Doctor! }
    type Patient { id: ID! name: String! user: User card: Card visits: [Visit!]! }
    type User { name: String! mail: String boss: User }
    type Doctor { id: ID! user: User }
    type Card { number: Int! }
    type Fee { amount: Int! }
"""
USER = Place("2.name", {"name": "2.name", "mail": "2.mail"}, {})
PATIENT = Place("1.id", {"id": "1.id", "name": "1.name", "card": "1.card"}, {"Patient.user": USER})


class Wide(dict[str, Any]):
    __within__ = {"Visit.patient": PATIENT}


def visit(id: int, *, patient: bool = True, user: bool = True) -> dict[str, Any]:
    inner = (
        {"1.id": id * 10, "1.name": f"P{id}", "1.card": {"number": id}}
        if patient
        else dict.fromkeys(PATIENT.names.values())
    )
    outer = {"2.name": f"U{id}", "2.mail": None} if patient and user else dict.fromkeys(USER.names.values())
    return Wide({"id": id, "fee": {"amount": id} if id else None, "doctor": {"id": 5}, **inner, **outer})


def schema_with(calls: list[tuple[str, int]]) -> GraphQLSchema:
    """All plain fields are declared reads, and relations note who asks them."""
    schema = build_schema(SDL)
    for type_name in ("Visit", "Patient", "User", "Doctor", "Card", "Fee"):
        for name, field in schema.type_map[type_name].fields.items():  # type: ignore[attr-defined]
            field.extensions = {"read": Item(name)}

    def relation(type_name: str, field_name: str, values: Any) -> None:
        async def batch(sources: list[Any], _info: Any) -> list[Any]:
            calls.append((f"{type_name}.{field_name}", len(sources)))
            return [values(source) for source in sources]

        schema.type_map[type_name].fields[field_name].extensions = {"batch": batch}  # type: ignore[attr-defined]

    relation("Visit", "patient", lambda row: {"id": 0, "name": "asked", "card": {"number": 0}})
    relation("Patient", "user", lambda row: {"name": f"of {row['id']}", "mail": "m"})
    relation("Patient", "visits", lambda row: [visit(row["id"])])
    relation("User", "boss", lambda row: {"name": f"boss of {row['name']}", "mail": None})
    relation("Doctor", "user", lambda row: {"name": f"D{row['id']}", "mail": None})
    return schema


ASKED = """
    { visits { id patient { id name card { number } user { name mail } } fee { amount } doctor { user { name } } } }
"""


@pytest.mark.parametrize("times", [1, 3])
async def test_what_lies_within_is_not_asked_for(times: int) -> None:
    calls: list[tuple[str, int]] = []
    schema, document = schema_with(calls), parse(ASKED)
    visits = [visit(1), visit(2, user=False), visit(3, patient=False)]
    for _ in range(times):  # interpreted the first time, from then on by a generated reader
        calls.clear()
        result = await run(schema, document, BreadthFirstExecutor, root_value={"visits": visits})
        assert result.errors is None
        assert result.data is not None
        assert [each["patient"] for each in result.data["visits"]] == [
            {"id": "10", "name": "P1", "card": {"number": 1}, "user": {"name": "U1", "mail": None}},
            {"id": "20", "name": "P2", "card": {"number": 2}, "user": None},
            None,
        ]
        assert [each["doctor"]["user"] for each in result.data["visits"]] == [{"name": "D5"}] * 3
        assert calls == [("Doctor.user", 3)]


async def test_what_is_below_is_resolved_on_it() -> None:
    calls: list[tuple[str, int]] = []
    schema = schema_with(calls)
    document = parse("{ visits { patient { visits { id patient { name } } user { boss { name } } } } }")
    visits = [visit(1), visit(2, user=False), visit(3, patient=False)]
    for _ in range(3):
        calls.clear()
        result = await run(schema, document, BreadthFirstExecutor, root_value={"visits": visits})
        assert result.errors is None
        assert result.data is not None
        assert [each["patient"] for each in result.data["visits"]] == [
            {"visits": [{"id": "10", "patient": {"name": "P10"}}], "user": {"boss": {"name": "boss of U1"}}},
            {"visits": [{"id": "20", "patient": {"name": "P20"}}], "user": None},
            None,
        ]
        assert sorted(calls) == [("Patient.visits", 2), ("User.boss", 1)]


async def test_errors_have_their_paths() -> None:
    calls: list[tuple[str, int]] = []
    schema = schema_with(calls)
    document = parse("{ visits { id fee { amount } patient { name user { boss { name } } } } }")

    def fail(source: Any) -> Any:
        raise ValueError(f"{source['name']} has none")

    fields: Any = {type_.name: getattr(type_, "fields", {}) for type_ in schema.type_map.values()}
    fields["User"]["boss"].extensions = {"batch": lambda sources, _info: [fail(each) for each in sources]}
    for _ in range(3):
        result = await run(schema, document, BreadthFirstExecutor, root_value={"visits": [visit(1), visit(2)]})
        assert [(error.path, error.message) for error in result.errors or []] == [
            (["visits", index, "patient", "user", "boss"], "U1 has none") for index in (0, 1)
        ]
        result = await run(schema, document, BreadthFirstExecutor, root_value={"visits": [visit(0)]})
        assert result.data is None
        assert [(error.path, error.message) for error in result.errors or []] == [
            (["visits", 0, "fee"], "Cannot return null for non-nullable field Visit.fee.")
        ]


async def test_rows_of_different_classes_are_asked_for() -> None:
    calls: list[tuple[str, int]] = []
    schema, document = schema_with(calls), parse("{ visits { patient { name } } }")
    for _ in range(3):
        calls.clear()
        result = await run(schema, document, BreadthFirstExecutor, root_value={"visits": [visit(1), dict(visit(2))]})
        assert result.data == {"visits": [{"patient": {"name": "asked"}}] * 2}
        assert calls == [("Visit.patient", 2)]


async def test_objects_are_counted_wherever_they_lie() -> None:
    schema = schema_with([])
    counts = []
    for _ in range(3):
        executor = BreadthFirstExecutor.build(
            schema, parse(ASKED), {"visits": [visit(1), visit(2, user=False), visit(3, patient=False)]}
        )
        assert isinstance(executor, BreadthFirstExecutor)
        await executor.execute_operation()  # type: ignore[misc]
        counts.append(executor.objects)
    assert counts == [3 + 2 + 2 + 1 + 3 + 3 + 3] * 3


def test_a_part_shows_no_more_than_itself() -> None:
    part = Part(visit(1), PATIENT)
    assert (part["id"], part["name"]) == (10, "P1")
    with pytest.raises(KeyError):
        part["fee"]
