"""What the specification says about answers, each point compared with graphql-core's executor."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLUnionType,
    build_schema,
    parse,
)
from graphql.execution.incremental import IncrementalExecutor

from tests.engine.differential import compare, run


async def check(sdl: str, document: str, root: Any, **options: Any) -> Any:
    """Compare both executors on a schema without resolvers of its own; returns the data."""
    result = await compare(build_schema(sdl), parse(document), root_value=root, **options)
    return result.data


async def test_keys_stand_in_document_order_with_aliases_and_merged_fields() -> None:
    sdl = "type Query { a: A b: Int } type A { x: Int y: Int z: Int a: A }"
    document = """
        { z: b a { y } ...F b __typename a { x: z ... on A { a { y } x: z } a { x } } }
        fragment F on Query { a { z a { z } } t: __typename }
    """
    leaf = {"x": 1, "y": 2, "z": 3}
    data = await check(sdl, document, {"a": {**leaf, "a": leaf}, "b": 4})
    assert list(data) == ["z", "a", "t", "b", "__typename"]
    assert list(data["a"]) == ["y", "z", "a", "x"]


class Loose(Mapping[str, Any]):
    """A mapping that is no dictionary, and has attributes that must not be read."""

    x = "attribute"

    def __getitem__(self, key: str) -> Any:
        return {"x": "item"}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["x"])

    def __len__(self) -> int:
        return 1


class Proxy:
    """Passes for a mapping without being one."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return dict

    def get(self, key: str, default: Any = None) -> str:
        return f"proxied {key}"


class Thing:
    """Attributes of every sort."""

    x = "class"
    zed = None

    def __init__(self, x: Any = "own") -> None:
        self.x = x

    def method(self, info: Any, of: int = 3) -> str:
        return f"{info.path.as_list()} {of}"

    @property
    def failing(self) -> str:
        raise ValueError("no such luck")

    @property
    def missing(self) -> str:
        raise AttributeError("treated as missing")

    async def later(self, info: Any) -> str:
        return f"later {info.field_name}"


async def test_default_resolver() -> None:
    sdl = """
        type Query { l: [T] one: T }
        type T { x: String method(of: Int = 5): String failing: String missing: String later: String
                 class: String next: T many: [T] }
    """

    async def soon(_info: Any = None) -> Any:
        return {"x": "soon"}

    thing = Thing()
    setattr(thing, "class", "keyword")
    thing.next = lambda info: Thing(x=str(info.path.as_list()))  # type: ignore[attr-defined]
    thing.many = lambda _info: [Thing(), None, {"x": "in"}]  # type: ignore[attr-defined]
    fields = "x method failing missing later class next { x method(of: 1) } many { x later }"
    for items in (
        [thing, Thing(x=3)],
        [{"x": "item", "class": "c", "next": soon}, {}, {"later": soon}],
        [thing, {"x": "mixed"}, Loose(), Proxy(), None],
        [Loose(), Loose()],
        [Thing(x=ValueError("as a value")), Thing(x=lambda _info: 1 / 0)],
    ):
        await check(sdl, f"{{ l {{ {fields} }} one {{ x method(of: null) }} }}", {"l": items, "one": thing})
    made = soon()
    await check(sdl, "{ one { x } }", {"one": Thing(x=made.close() or "closed")})


class Text:
    def __str__(self) -> str:
        return "text"


ODD = [
    "s", "", "12", "1.5", 0, 1, -3, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 1.0, 1.5, float("nan"),
    float("inf"), True, False, None, [], {}, Text(), b"x", 10**30, ValueError("v"), "nan",
]  # fmt: skip


@pytest.mark.parametrize("type_", ["Int", "Float", "String", "Boolean", "ID"])
@pytest.mark.parametrize("form", ["{}", "{}!", "[{}]", "[{}!]", "[{}!]!", "[[{}]!]"])
async def test_builtin_scalars(type_: str, form: str) -> None:
    full = form.format(type_)
    sdl = f"type Query {{ l: [T] }} type T {{ v: {full} }}"
    depth = full.count("[")
    values: list[Any] = [{"v": value} for value in ODD]
    for _ in range(depth):
        values = [{"v": [item["v"]]} for item in values]
    await check(sdl, "{ l { v w: v } }", {"l": values})
    await check(sdl, "{ l { v } }", {"l": values[:1]})


async def test_custom_scalars_and_enums() -> None:
    schema = build_schema("scalar S enum E { A B } type Query { l: [T] } type T { s: S e: E f: E! g: S! le: [E!] }")
    scalar, enum = schema.type_map["S"], schema.type_map["E"]
    assert isinstance(scalar, GraphQLScalarType)
    assert isinstance(enum, GraphQLEnumType)

    def coerce(value: Any) -> Any:
        return {"none": None, "list": [1, {"a": 2}]}.get(value, 1 / value if isinstance(value, int) else value)

    scalar.coerce_output_value = coerce
    values = ["A", "B", "C", 1, [], None, True, ValueError("e"), float("nan")]
    root = {"l": [{"e": v, "f": v, "s": v, "g": v, "le": [v, "A"]} for v in values]}
    for _ in range(2):  # the types of good values are learned
        result = await compare(schema, parse("{ l { e f } m: l { e } n: l { le } }"), root_value=root)
        good = [{"s": v, "g": v} for v in ["x", 2, "y", "list"]]
        bad = [{"s": v, "g": "x"} for v in ["none", 0, None, ValueError("e"), "x"]]
        await compare(schema, parse("{ l { s g } }"), root_value={"l": good})
        await compare(schema, parse("{ l { s g } }"), root_value={"l": good + bad})
    assert result.errors


async def test_nulls_rise_to_the_next_nullable_position() -> None:
    sdl = """
        type Query { a: A b: A! l: [A!] m: [[A!]!] n: [[A]]! }
        type A { x: Int! y: Int a: A b: A! l: [A!]! }
    """
    ok: dict[str, Any] = {"x": 1, "y": 2, "a": None, "l": []}
    bad: dict[str, Any] = {"x": None, "y": "no", "l": []}
    nested = {**ok, "b": {**ok, "b": bad}, "l": [ok, bad, bad], "a": bad}
    for root in (
        {"a": nested, "b": ok, "l": [ok, bad, ok], "m": [[ok], [bad], [ok]], "n": [[bad, ok], None, [7]]},
        {"a": ok, "b": nested, "l": 3, "m": [None], "n": None},
        {"b": bad},
        {"b": None, "a": ValueError("a")},
    ):
        for document in (
            "{ a { y x } l { y x } m { x } n { y x } }",
            "{ a { y b { y b { y x } } } }",
            "{ a { l { y x } y a { y } } }",
            "{ l { x } a { a { x } l { x } } b { y x } n { x } }",
            "{ n { l { x } y } }",
        ):
            await check(sdl, document, root)


async def test_errors_know_paths_locations_and_causes() -> None:
    sdl = "type Query { a: [A] } type A { x: Int b: [[B!]] } type B { y: Int! }"
    located = GraphQLError("already located", path=["elsewhere"])
    coded = GraphQLError("coded", extensions={"code": "NO"})
    rows = [{"x": located}, {"x": coded, "b": [[{"y": coded}], [{"y": 1}]]}, ValueError("row"), {"b": [["?"]]}]
    result = await compare(build_schema(sdl), parse("{ q: a { x b { y } ... on A { x } } }"), root_value={"a": rows})
    assert result.errors
    by_message = {error.message: error for error in result.errors}
    assert by_message["coded"].extensions == {"code": "NO"}
    assert isinstance(by_message["row"].original_error, ValueError)
    assert by_message["row"].path == ["q", 2]


async def stream(*items: Any, fail: bool = False) -> AsyncIterator[Any]:
    for item in items:
        yield item
    if fail:
        raise ValueError("stream broke")


def count(*items: Any, fail: bool = False) -> Iterator[Any]:
    yield from items
    if fail:
        raise ValueError("iterator broke")


async def soon(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


@pytest.mark.parametrize("type_", ["[Int]", "[Int!]", "[Int!]!", "[A]", "[A!]", "[[Int!]]", "[[A]!]"])
async def test_lists(type_: str) -> None:
    schema = build_schema(f"type Query {{ l: {type_} }} type A {{ x: Int! }}")
    item: Any = {"x": 1} if "A" in type_ else 3
    bad: Any = {"x": None} if "A" in type_ else "bad"
    if "[[" in type_:
        item, bad = [item, item], [bad]
    makers: list[Any] = [
        list, lambda: [item, item], lambda: (item, None), lambda: {"a": 1}, lambda: "text", lambda: 7,
        lambda: count(item, bad), lambda: count(item, fail=True), lambda: stream(item, item),
        lambda: stream(item, bad), lambda: stream(item, fail=True), stream,
        lambda: [soon(item), item, soon(None)], lambda: [soon(bad), soon(item)], lambda: [soon(ValueError("i"))],
        lambda: [ValueError("item"), item], lambda: range(2), lambda: [[]], lambda: None,
        lambda: stream(soon(item), None),
    ]  # fmt: skip
    document = parse("{ l { x } }" if "A" in type_ else "{ l }")
    for make in makers:
        assert schema.query_type
        schema.query_type.fields["l"].resolve = lambda *_, make=make: make()
        await compare(schema, document)


@pytest.mark.parametrize("kind", ["interface", "union"])
@pytest.mark.parametrize("way", ["typename", "resolve", "resolve later", "check", "check later", "none"])
async def test_abstract_types(kind: str, way: str) -> None:
    abstract = "interface P { n: String }" if kind == "interface" else "union P = A | B"
    implements = "implements P" if kind == "interface" else ""
    schema = build_schema(f"""
        {abstract}
        type A {implements} {{ n: String a: Int! p: P l: [P!] }}
        type B {implements} {{ n: String b: Int }}
        type C {{ c: Int }}
        type Query {{ p: P l: [P] m: [[P!]] b: B }}
    """)
    seen: list[Any] = []

    def name_of(value: Any, info: Any, *_: Any) -> Any:
        seen.append((info.path, info.field_name, info.parent_type.name))
        if value.get("t") == "raise":
            raise ValueError("no type")
        return value.get("t")

    async def name_later(value: Any, info: Any, *_: Any) -> Any:
        return name_of(value, info)

    type_: Any = schema.type_map["P"]
    assert isinstance(type_, (GraphQLInterfaceType, GraphQLUnionType))
    if way.startswith("resolve"):
        type_.resolve_type = name_of if way == "resolve" else name_later
    for name in "AB":
        object_type: Any = schema.type_map[name]
        assert isinstance(object_type, GraphQLObjectType)
        if way == "check":
            object_type.is_type_of = lambda value, info, name=name: name_of(value, info) == name
        elif way == "check later":

            async def later(value: Any, info: Any, name: str = name) -> bool:
                return bool(name_of(value, info) == name)

            object_type.is_type_of = later

    def row(name: Any, **more: Any) -> dict[str, Any]:
        return {"t": name, "__typename": name, "n": name if isinstance(name, str) else "?", "a": 1, "b": 2, **more}

    everything = [row(name) for name in ("A", "B", "C", "Nope", "P", None, 7, "raise", "A")] + [None]
    inner = row("A", p=row("B"), l=[row("B"), row("A"), row("B", b="x")])
    document = parse("""
        { p { __typename ...F } l { ...F } m { ...F t: __typename } b { b } }
        fragment F on P { __typename ... on A { a n p { ...G } l { ...G } } ... on B { n b } }
        fragment G on P { ... on A { n } ... on B { b } }
    """)
    for root in (
        {"p": inner, "l": everything, "m": [[inner, row("B")], everything, None], "b": row("B")},
        {"p": row("A", a=None), "l": [inner, inner], "m": [[row("A")], [row("A", a="x")]], "b": row("A")},
    ):
        seen.clear()
        await run(schema, document, IncrementalExecutor, root_value=root)
        theirs, seen[:] = set(seen), []
        # graphql-core reports the errors of waiting branches in the order in which they come.
        await compare(schema, document, root_value=root, timing="later" in way)
        assert theirs <= set(seen)


async def test_deep_nesting() -> None:
    depth = 60
    root: dict[str, Any] = {"a": {"x": 1}}
    for _ in range(depth):
        root = {"a": root}
    await check("type Query { a: A } type A { a: A x: Int }", "{ a " * depth + "{ x }" + "}" * depth, root)


async def test_error_propagation_can_be_disabled() -> None:
    schema = build_schema("""
        directive @experimental_disableErrorPropagation on QUERY
        type Query { a: A! } type A { x: Int! l: [Int!]! }
    """)
    document = parse("query @experimental_disableErrorPropagation { a { x l } }")
    result = await compare(schema, document, root_value={"a": {"x": None, "l": [1, None, "x"]}})
    assert result.data == {"a": {"x": None, "l": [1, None, None]}}
