"""The contract of batch resolvers and declared reads."""

import asyncio
import gc
import weakref
from operator import attrgetter, itemgetter
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse

from engine import Attribute, BreadthFirstExecutor, Item
from tests.engine.differential import run

SDL = """
    interface Named { name: String }
    type Query { doctors: [Doctor!]! deep: [[Doctor]] named: [Named] one: Doctor }
    type Doctor implements Named { id: ID! name: String clinic: Clinic boss: Doctor slots(first: Int = 2): [Slot!]! }
    type Clinic implements Named { name: String city: String! }
    type Slot { at: Int! doctor: Doctor! }
"""
DOCTORS = [{"__typename": "Doctor", "id": n, "name": f"D{n}"} for n in range(4)]
CLINICS = [{"__typename": "Clinic", "name": f"C{n}", "city": "X"} for n in range(4)]


def schema_with(**extensions: dict[str, Any]) -> GraphQLSchema:
    """The schema with extensions by ``Type_field``."""
    schema = build_schema(SDL)
    for coordinate, given in extensions.items():
        type_name, field_name = coordinate.split("_")
        schema.type_map[type_name].fields[field_name].extensions = given  # type: ignore[attr-defined]
    return schema


async def answer(schema: GraphQLSchema, text: str, **options: Any) -> tuple[Any, list[Any]]:
    """Data, and errors as path and message."""
    result = await run(schema, parse(text), BreadthFirstExecutor, **options)
    return result.data, [(error.path, error.message) for error in result.errors or []]


async def test_a_level_is_one_call() -> None:
    calls: list[tuple[int, Any]] = []

    async def clinics(sources: list[Any], info: Any) -> list[Any]:
        calls.append((len(sources), info.path.as_list()))
        return [CLINICS[source["id"]] for source in sources]

    def bosses(sources: list[Any], info: Any) -> list[Any]:
        calls.append((len(sources), info.path.as_list()))
        return [DOCTORS[source["id"] - 1] if source["id"] else None for source in sources]

    schema = schema_with(Doctor_clinic={"batch": clinics}, Doctor_boss={"batch": bosses})
    data, errors = await answer(
        schema,
        "{ doctors { clinic { name } boss { boss { id } clinic { city } } } deep { c: clinic { name } } }",
        root_value={"doctors": DOCTORS, "deep": [[DOCTORS[0], None], None, [DOCTORS[1], DOCTORS[2]]]},
    )
    assert not errors
    assert [doctor["clinic"]["name"] for doctor in data["doctors"]] == ["C0", "C1", "C2", "C3"]
    assert data["doctors"][3]["boss"] == {"boss": {"id": "1"}, "clinic": {"city": "X"}}
    assert data["doctors"][0]["boss"] is None
    assert data["deep"] == [[{"c": {"name": "C0"}}, None], None, [{"c": {"name": "C1"}}, {"c": {"name": "C2"}}]]
    assert sorted(calls, key=str) == sorted(
        [
            (4, ["doctors", "clinic"]),
            (4, ["doctors", "boss"]),
            (3, ["doctors", "boss", "boss"]),
            (3, ["doctors", "boss", "clinic"]),
            (3, ["deep", "c"]),
        ],
        key=str,
    )


async def test_arguments_come_by_name() -> None:
    def slots(sources: list[Any], info: Any, first: int) -> list[Any]:
        return [[{"at": first}] * first for _ in sources]

    schema = schema_with(Doctor_slots={"batch": slots})
    data, _ = await answer(
        schema,
        "query ($n: Int) { doctors { slots { at } a: slots(first: 1) { at } b: slots(first: $n) { at } } }",
        root_value={"doctors": DOCTORS[:1]},
        variable_values={"n": 3},
    )
    assert data["doctors"] == [{"slots": [{"at": 2}] * 2, "a": [{"at": 1}], "b": [{"at": 3}] * 3}]


@pytest.mark.parametrize("wait", [False, True])
async def test_errors(wait: bool) -> None:
    outcome: Any = None

    def now(sources: list[Any], _info: Any) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def later(sources: list[Any], info: Any) -> Any:
        await asyncio.sleep(0)
        return now(sources, info)

    schema = schema_with(Doctor_clinic={"batch": later if wait else now})
    root = {"doctors": DOCTORS[:3]}
    text = "{ doctors { clinic { name } id } }"
    ids = ["0", "1", "2"]

    outcome = [CLINICS[0], ValueError("second"), None]
    data, errors = await answer(schema, text, root_value=root)
    assert [doctor["clinic"] for doctor in data["doctors"]] == [{"name": "C0"}, None, None]
    assert errors == [(["doctors", 1, "clinic"], "second")]

    outcome = ValueError("all")
    data, errors = await answer(schema, text, root_value=root)
    assert [doctor["id"] for doctor in data["doctors"]] == ids
    assert errors == [(["doctors", n, "clinic"], "all") for n in range(3)]

    wrong: list[tuple[Any, int]] = [([], 0), (CLINICS, 4), ((1, 2), 2), (iter([None]), 1)]
    for values, got in wrong:
        outcome = values
        data, errors = await answer(schema, text, root_value=root)
        message = f"Batch resolver of field 'Doctor.clinic' was given 3 objects and returned {got} values."
        assert errors == [(["doctors", n, "clinic"], message) for n in range(3)]
        assert [doctor["clinic"] for doctor in data["doctors"]] == [None] * 3

    outcome = 7
    _, errors = await answer(schema, text, root_value=root)
    assert [path for path, _ in errors] == [["doctors", n, "clinic"] for n in range(3)]


async def test_a_null_in_a_non_null_place_of_a_batch() -> None:
    schema = schema_with(Slot_doctor={"batch": lambda sources, _info: [DOCTORS[0], None, ValueError("gone")]})
    root = {"doctors": [{"id": 1, "slots": [{"at": 1}, {"at": 2}, {"at": 3}]}]}
    data, errors = await answer(schema, "{ doctors { slots { doctor { id } at } } }", root_value=root)
    assert data is None
    assert errors == [(["doctors", 0, "slots", 1, "doctor"], "Cannot return null for non-nullable field Slot.doctor.")]


async def test_a_slow_branch_holds_up_nobody() -> None:
    log: list[str] = []
    gate = asyncio.Event()

    async def slow(sources: list[Any], _info: Any) -> list[Any]:
        log.append("slow begins")
        await gate.wait()
        log.append("slow ends")
        return [CLINICS[0] for _ in sources]

    async def boss(sources: list[Any], info: Any) -> list[Any]:
        await asyncio.sleep(0)
        depth = len(info.path.as_list())
        log.append(f"boss {depth}")
        if depth == 4:
            gate.set()
        return [DOCTORS[0] for _ in sources]

    schema = schema_with(Doctor_clinic={"batch": slow}, Doctor_boss={"batch": boss})
    data, errors = await asyncio.wait_for(
        answer(
            schema,
            "{ doctors { clinic { name } boss { boss { boss { id } } } } }",
            root_value={"doctors": DOCTORS},
        ),
        5,
    )
    assert not errors
    assert data["doctors"][0]["clinic"] == {"name": "C0"}
    assert log == ["slow begins", "boss 2", "boss 3", "boss 4", "slow ends"]


class Counted(dict[str, Any]):
    """Counts how often each item is read."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.reads: list[str] = []

    def __getitem__(self, key: str) -> Any:
        self.reads.append(key)
        return super().__getitem__(key)


@pytest.mark.parametrize("read", [Item, Attribute, itemgetter, attrgetter, lambda name: lambda s: getattr(s, name)])
async def test_reads(read: Any) -> None:
    reader = read("value")
    by_item = isinstance(reader, (Item, itemgetter))

    def row(**values: Any) -> Any:
        return values if by_item else SimpleNamespace(**values)

    schema = schema_with(
        Doctor_name={"read": reader},
        Doctor_id={"read": reader},
        Doctor_boss={"read": read("boss")},
        Doctor_slots={"read": read("slots")},
        Slot_at={"read": reader},
    )
    rows = [
        row(value="a", boss=row(value=1), slots=[row(value=1)]),
        row(value=None, boss=None, slots=(row(value=2), row(value="x"))),
        row(boss=ValueError("boss")),
        row(value=7, boss=row(), slots=7),
    ]
    data, errors = await answer(
        schema,
        "{ deep { name boss { id } __typename } d: deep { slots { at } } }",
        root_value={"deep": [rows]},
    )
    assert [r and r["name"] for r in data["deep"][0]] == ["a", None, None, "7"]
    assert [r["boss"] for r in data["deep"][0]] == [{"id": "1"}, None, None, None]
    assert data["d"][0] == [{"slots": [{"at": 1}]}, None, None, None]
    assert [path for path, _ in errors] == [
        ["deep", 0, 2, "name"],
        ["deep", 0, 2, "boss"],
        ["deep", 0, 3, "boss", "id"],
        ["d", 0, 1, "slots", 1, "at"],
        ["d", 0, 2, "slots"],
        ["d", 0, 3, "slots"],
    ]


async def test_each_value_is_read_once() -> None:
    schema = schema_with(Doctor_id={"read": Item("id")}, Doctor_name={"read": Item("name")})
    rows = [Counted({"id": 1}), Counted({"id": {}, "name": "n"}), Counted({"id": "x", "name": "n"})]
    _, errors = await answer(schema, "{ deep { id name } }", root_value={"deep": [rows]})
    assert len(errors) == 2
    assert [row.reads for row in rows] == [["id", "name"]] * 3


async def test_batches_below_abstract_types_are_per_type() -> None:
    calls: list[tuple[str, int]] = []

    def names(sources: list[Any], info: Any) -> list[Any]:
        calls.append((info.parent_type.name, len(sources)))
        return [source["name"].lower() for source in sources]

    schema = schema_with(Doctor_name={"batch": names}, Clinic_name={"batch": names})
    mixed = [DOCTORS[0], CLINICS[0], None, DOCTORS[1], CLINICS[1]]
    data, _ = await answer(schema, "{ named { name } }", root_value={"named": mixed})
    assert [named and named["name"] for named in data["named"]] == ["d0", "c0", None, "d1", "c1"]
    assert calls == [("Doctor", 2), ("Clinic", 2)]


async def test_sources_belong_to_the_resolver() -> None:
    def clinics(sources: list[Any], _info: Any) -> list[Any]:
        found = [CLINICS[source["id"]] for source in sources]
        sources.clear()
        return found

    def bosses(sources: list[Any], _info: Any) -> list[Any]:
        return [DOCTORS[0] for _ in sources]

    schema = schema_with(Doctor_clinic={"batch": clinics}, Doctor_boss={"batch": bosses})
    data, errors = await answer(schema, "{ doctors { clinic { name } boss { id } } }", root_value={"doctors": DOCTORS})
    assert not errors
    assert data["doctors"][3] == {"clinic": {"name": "C3"}, "boss": {"id": "0"}}


async def test_answers_do_not_share_lists_with_resolvers() -> None:
    schema = build_schema("type Query { tags: [String] grid: [[Int]] }")
    tags, grid = ["a", "b"], [[1], [2]]
    data, _ = await answer(schema, "{ tags grid }", root_value={"tags": tags, "grid": grid})
    data["tags"].append("c")
    data["grid"][0].append(3)
    assert (tags, grid) == (["a", "b"], [[1], [2]])


@pytest.mark.parametrize("waits", [False, True])
async def test_nothing_is_left_for_the_collector(waits: bool) -> None:
    """Rows go with the last reference to the answer's executor: they are many, and a collection looks at each."""

    class Source(dict[str, Any]):
        pass

    async def later(sources: list[Any]) -> list[Any]:
        await asyncio.sleep(0)
        return [CLINICS[0] for _ in sources]

    def clinics(sources: list[Any], info: Any) -> Any:
        return later(sources) if waits else [CLINICS[0] for _ in sources]

    schema, document = schema_with(Doctor_clinic={"batch": clinics}), parse("{ one { id clinic { name } } }")
    source = Source(DOCTORS[1])
    gone = weakref.ref(source)
    gc.collect()
    gc.disable()
    try:
        result = await run(schema, document, BreadthFirstExecutor, root_value={"one": source})
        del source
        assert gone() is None
    finally:
        gc.enable()
    assert result.data == {"one": {"id": "1", "clinic": {"name": "C0"}}}
