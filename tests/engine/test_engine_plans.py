"""Plans and their cache; the source that readers are generated from."""

import gc
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    build_schema,
    execute,
    parse,
)

from engine import BreadthFirstExecutor, Plan
from engine.cache import PlanCache
from tests.engine.differential import compare, run

SCHEMA = build_schema("""
    interface P { p: P x: Int }
    type A implements P { p: P x: Int a: [A!] }
    type B implements P { p: P x: Int }
    type Query { a: A p: P }
""")


class Small(BreadthFirstExecutor):
    plans = PlanCache(size=3)


async def test_the_cache_is_bounded_and_never_mistaken_about_identity() -> None:
    for turn in range(200):
        key = "abcdefg"[turn % 7]
        document = parse(f"{{ {key}: a {{ x{turn}: x }} }}")
        result = await run(SCHEMA, document, Small, root_value={"a": {"x": turn}})
        assert result.data == {key: {f"x{turn}": turn}}
        del document
        if turn % 20 == 0:
            gc.collect()
    assert len(Small.plans) == 3
    Small.plans.clear()
    assert len(Small.plans) == 0


def compiled(document: DocumentNode, **options: Any) -> Plan:
    """The plan that an execution of the document would use."""
    executor = Small.build(SCHEMA, document, **options)
    assert isinstance(executor, Small)
    plan = executor._plan()
    assert isinstance(plan, Plan)
    return plan


async def test_a_document_is_compiled_once_for_each_outcome() -> None:
    document = parse("query ($c: Boolean!, $n: Int) { a { x @include(if: $c) } }")
    plans = [
        compiled(document, raw_variable_values={"c": condition, "n": n}) for condition in (True, False) for n in (1, 2)
    ]
    assert plans[0] is plans[1]
    assert plans[2] is plans[3]
    assert plans[0] is not plans[2]


async def test_an_operation_with_other_fragments_is_another() -> None:
    first = parse("{ a { ...F } } fragment F on A { x }")
    second = parse("{ a { ...F } } fragment F on A { y: x }")
    mixed = DocumentNode(definitions=(first.definitions[0], second.definitions[1]))
    for document, key in ((first, "x"), (mixed, "y"), (first, "x")):
        result = await run(SCHEMA, document, Small, root_value={"a": {"x": 1}})
        assert result.data == {"a": {key: 1}}


async def test_operations_of_one_document_are_told_apart() -> None:
    document = parse("query One { a { x } } query Two { a { y: x } }")
    for name, key in (("One", "x"), ("Two", "y")):
        result = await run(SCHEMA, document, Small, root_value={"a": {"x": 1}}, operation_name=name)
        assert result.data == {"a": {key: 1}}


def test_a_plan_lists_its_fields() -> None:
    plan = compiled(parse("{ a { x b: a { x } } p { x p { ... on B { x } __typename } } }"))
    listed = [
        (str(field.parent_type), ".".join(field.path), str(field.definition.type), len(field.nodes))
        for field in plan.fields
    ]
    assert set(listed) == {
        ("Query", "a", "A", 1),
        ("A", "a.x", "Int", 1),
        ("A", "a.b", "[A!]", 1),
        ("A", "a.b.x", "Int", 1),
        ("Query", "p", "P", 1),
        *((type_, path, of, 1) for type_ in "AB" for path, of in (("p.x", "Int"), ("p.p", "P"))),
        ("B", "p.p.x", "Int", 1),
        *((type_, "p.p.__typename", "String!", 1) for type_ in "AB"),
    }
    assert len(listed) == len(set(listed))


def test_an_interface_within_itself_has_few_plan_fields() -> None:
    depth = 12
    plan = compiled(parse("{ p { " + "p { " * depth + "x" + " }" * depth + " } }"))
    assert sum(1 for _ in plan.fields) == 1 + 2 * (depth + 1)


async def test_names_cannot_escape_into_generated_source() -> None:
    """The grammar allows no such names, but documents can be built without it."""
    nasty = ["'", '"', "\\", "x'}); import os; ({'", "\n", "{", "ü", "'''", '": 1, "'] + [f"__{n}" for n in range(3)]
    fields = tuple(
        FieldNode(name=NameNode(value="x"), alias=NameNode(value=alias), arguments=(), directives=()) for alias in nasty
    )
    inner = FieldNode(
        name=NameNode(value="a"), selection_set=SelectionSetNode(selections=fields), arguments=(), directives=()
    )
    operation = OperationDefinitionNode(
        operation=OperationType.QUERY, selection_set=SelectionSetNode(selections=(inner,)), directives=()
    )
    result = await compare(SCHEMA, DocumentNode(definitions=(operation,)), root_value={"a": {"x": 5}})
    assert result.data == {"a": dict.fromkeys(nasty, 5)}


async def test_a_selection_of_very_many_leaves() -> None:
    keys = [f"k{number}" for number in range(400)]
    document = parse("{ a { " + " ".join(f"{key}: x" for key in keys) + " p { x } } }")
    root = {"a": {"x": 1, "p": {"__typename": "B", "x": None}}}
    result = await compare(SCHEMA, document, root_value=root)
    assert result.data
    assert list(result.data["a"]) == [*keys, "p"]


async def test_a_reader_is_generated_for_what_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.read.GENERATE_AFTER", 1)
    monkeypatch.setattr("engine.read.MANY_OBJECTS", 3)
    root = {"a": {"x": 1, "a": [{"x": 2}, {"x": 3}]}}
    document = parse("{ a { b: x a { y: x } } }")
    plan = compiled(document)
    for readers in (0, 2, 2):
        await run(SCHEMA, document, Small, root_value=root)
        assert sum(len(selection.readers) for selection in plan._selections.values()) == readers
    many = parse("{ a { a { x } } }")
    plan = compiled(many)
    await run(SCHEMA, many, Small, root_value={"a": {"a": [{"x": n} for n in range(3)]}})
    assert sum(len(selection.readers) for selection in plan._selections.values()) == 1


def test_python_keywords_are_names_like_others() -> None:
    schema = build_schema("type Query { l: [T] } type T { class: Int None: Int source: Int v0: Int }")

    class Thing:
        def __getattr__(self, name: str) -> int:
            if name.startswith("__"):
                raise AttributeError(name)
            return len(name)

    document = parse("{ l { class None source v0 } }")
    result: Any = execute(schema, document, {"l": [Thing()]}, executor_class=BreadthFirstExecutor)
    assert result.data == {"l": [{"class": 5, "None": 4, "source": 6, "v0": 2}]}
