"""Operations: mutations, variables and conditions, middleware, subscriptions, abort, and what is handed on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from graphql import (
    AbortedGraphQLExecutionError,
    ExecutionHooks,
    GraphQLResolveInfo,
    MiddlewareManager,
    build_schema,
    execute,
    execute_sync,
    experimental_execute_incrementally,
    parse,
    specified_directives,
    subscribe,
)
from graphql.execution.incremental import IncrementalExecutor
from graphql.pyutils import AbortController
from graphql.type import GraphQLDeferDirective, GraphQLSchema, GraphQLStreamDirective

from engine import BreadthFirstExecutor, fallbacks
from tests.engine.differential import assert_same, compare, run


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("broken", ["", "two", "three"])
async def test_mutation_fields_run_one_after_the_other(wait: bool, broken: str) -> None:
    schema = build_schema("""
        type Query { q: Int }
        type Mutation { one: Out two: Out! three: Out four: Int }
        type Out { first: Int! second: Out }
    """)
    log: list[str] = []

    def root(name: str) -> Callable[..., Any]:
        async def later(_source: Any, info: Any) -> Any:
            log.append(f"begin {info.path.key}")
            await asyncio.sleep(0.001)
            log.append(f"end {info.path.key}")
            return now(_source, info)

        def now(_source: Any, _info: Any) -> Any:
            if name == broken:
                raise ValueError(name)
            return 7 if name == "four" else {"name": name}

        return later if wait else now

    def below(source: Any, info: Any) -> Any:
        log.append(".".join(map(str, info.path.as_list())))
        return 1 if info.field_name == "first" else source

    assert schema.mutation_type
    for name, field in schema.mutation_type.fields.items():
        field.resolve = root(name)
    for field in schema.type_map["Out"].fields.values():  # type: ignore[attr-defined]
        field.resolve = below
    document = parse("mutation { four a: one { first second { first } } two { second { first } } three { first } }")
    expected = await run(schema, document, IncrementalExecutor)
    theirs, log[:] = log[:], []
    actual = await run(schema, document, BreadthFirstExecutor)
    assert_same(expected, actual)
    assert [entry.split(".")[0] for entry in log] == [entry.split(".")[0] for entry in theirs]


async def test_plans_follow_conditions() -> None:
    schema = build_schema("type Query { a: A x: Int } type A { x: Int y: Int a: A }")
    document = parse("""
        query ($s: Boolean!, $i: Boolean = true) {
          x @skip(if: $s)
          a @include(if: $i) { x @include(if: $s) ...F @skip(if: $i) ... @include(if: $s) { y a { ...F } } }
        }
        fragment F on A { y @skip(if: $s) x a @include(if: $i) { x } }
    """)
    root: dict[str, Any] = {"x": 1, "a": {"x": 2, "y": 3, "a": {"x": 4, "y": 5}}}
    seen = set()
    for values in ({"s": s, "i": i} for _ in range(2) for s in (True, False) for i in (True, False)):
        result = await compare(schema, document, root_value=root, variable_values=values)
        seen.add(str(result.data))
    await compare(schema, document, root_value=root, variable_values={"s": False})
    assert len(seen) > 2


async def test_conditions_without_a_value_are_the_errors_they_are() -> None:
    schema = build_schema("type Query { a: A x: Int } type A { x: Int! }")
    root = {"x": 1, "a": {"x": 2}}
    for text in ("query ($s: Boolean) { x @skip(if: $s) }", "query ($s: Boolean) { x a { x @skip(if: $s) } }"):
        for values in ({}, {"s": None}, {"s": True}):
            options: dict[str, Any] = {"root_value": root, "variable_values": values}
            document = parse(text)
            assert_same(
                await run(schema, document, IncrementalExecutor, **options),
                await run(schema, document, BreadthFirstExecutor, **options),
            )


async def test_arguments() -> None:
    schema = build_schema("""
        enum E { A B }
        input In { a: Int = 1 l: [String!] = ["d"] n: In }
        type Query { l: [T!] }
        type T { f(i: In, n: Int! = 4, e: E = B, l: [Int]): String g(r: Int!): String }
    """)
    field, required = (schema.type_map["T"].fields[name] for name in "fg")  # type: ignore[attr-defined]
    shared = []

    def spoil(_source: Any, info: Any, **given: Any) -> str:
        text = repr(sorted(given.items(), key=str))
        shared.append(info.path)
        for value in given.values():
            if isinstance(value, dict):
                value.clear()
            if isinstance(value, list):
                value.append("spoilt")
        return text

    field.resolve = spoil
    required.resolve = spoil
    root: dict[str, Any] = {"l": [{}, {}, {}]}
    for text, values in (
        ("{ l { f } }", {}),
        ("{ l { f(i: {}, l: [1]) } }", {}),
        ("{ l { f(i: {n: {l: []}}, e: A, n: 2) } }", {}),
        ("query ($n: Int) { l { f(n: $n) } }", {}),
        ("query ($n: Int) { l { f(n: $n) } }", {"n": 3}),
        ("query ($n: Int) { l { f(n: $n) } }", {"n": None}),
        ("query ($n: Int) { l { f(i: {a: $n}, l: [$n, 2]) } }", {"n": 9}),
        ("query ($n: Int) { l { g(r: $n) } }", {}),
        ("query ($n: Int!) { l { g(r: $n) } }", {"n": 5}),
        ("{ l { g } }", {}),
        ('{ l { g(r: "x") } }', {}),
    ):
        document = parse(text)
        for _ in range(2):
            await compare(schema, document, root_value=root, variable_values=values)
    assert len(set(shared)) == len(root["l"]) * 2


async def test_infos_are_those_of_graphql_core() -> None:
    schema = build_schema("type Query { l: [[A]] a: A } type A { x: Int a: A l: [A] }")
    seen: list[GraphQLResolveInfo[Any]] = []

    def resolve(source: Any, info: GraphQLResolveInfo[Any]) -> Any:
        seen.append(info)
        return source[info.field_name]

    for name in ("Query", "A"):
        for field in schema.type_map[name].fields.values():  # type: ignore[attr-defined]
            field.resolve = resolve
    inner: dict[str, Any] = {"x": 1, "a": None, "l": [None, {"x": 3, "a": None, "l": []}]}
    root = {"l": [[inner, None], None, [inner]], "a": {"x": 2, "a": inner, "l": [inner]}}
    document = parse("query Q { k: l { x l { x } } a { x x a { x l { x } } l { x } } }")
    await run(schema, document, IncrementalExecutor, root_value=root, context_value="context")
    theirs, seen[:] = seen[:], []
    await run(schema, document, BreadthFirstExecutor, root_value=root, context_value="context")
    assert len(seen) == len(theirs)

    def comparable(info: GraphQLResolveInfo[Any]) -> Any:
        return (info.path, info[:5], info[5:11], type(info))

    by_path = {info.path: info for info in seen}
    for info in theirs:
        assert comparable(by_path[info.path]) == comparable(info)


async def test_middleware_sees_every_field() -> None:
    schema = build_schema("type Query { a: A } type A { x: String y: String }")
    field = schema.type_map["A"].fields["y"]  # type: ignore[attr-defined]
    field.extensions = {"batch": lambda sources, _info: ["batched"] * len(sources)}
    calls: list[str] = []

    def mark(next_: Any, source: Any, info: Any, **given: Any) -> Any:
        calls.append(info.field_name)
        value = next_(source, info, **given)
        return value + "!" if isinstance(value, str) else value

    document = parse("{ a { x y __typename } }")
    root = {"a": {"x": "x", "y": "resolved"}}
    result = await compare(schema, document, root_value=root, middleware=[mark])
    assert result.data == {"a": {"x": "x!", "y": "resolved!", "__typename": "A!"}}
    assert sorted(calls) == sorted(["a", "x", "y", "__typename"] * 2)
    manager = MiddlewareManager()
    none = await run(schema, document, BreadthFirstExecutor, root_value=root, middleware=manager)
    assert none.data == {"a": {"x": "x", "y": "batched", "__typename": "A"}}


async def test_own_resolvers_of_the_executor() -> None:
    schema = build_schema("interface P { x: Int } type A implements P { x: Int } type Query { p: P l: [A] }")

    def field_resolver(source: Any, info: Any, **_given: Any) -> Any:
        return source[f"my_{info.field_name}"]

    await compare(
        schema,
        parse("{ p { x } l { x } }"),
        root_value={"my_p": {"my_x": 1}, "my_l": [{"my_x": 2}, {}]},
        field_resolver=field_resolver,
        type_resolver=lambda *_: "A",
    )


def test_synchronous_operations_need_no_event_loop() -> None:
    schema = build_schema("type Query { a: [A] } type A { x: Int }")
    root = {"a": [{"x": 1}, {"x": "no"}]}
    for function in (execute, execute_sync):
        result: Any = function(schema, parse("{ a { x } }"), root, executor_class=BreadthFirstExecutor)
        assert result.data == {"a": [{"x": 1}, {"x": None}]}
        assert [error.path for error in result.errors] == [["a", 1, "x"]]


async def test_subscriptions_run_each_event() -> None:
    schema = build_schema("type Query { q: Int } type Subscription { tick: T! } type T { n: Int! }")

    async def ticks(_source: Any, _info: Any) -> AsyncIterator[Any]:
        for n in (1, None, 3):
            yield {"tick": {"n": n}}

    assert schema.subscription_type
    schema.subscription_type.fields["tick"].subscribe = ticks
    answers = []
    for executor in (IncrementalExecutor, BreadthFirstExecutor):
        events: Any = subscribe(schema, parse("subscription { tick { n } }"), executor_class=executor)
        answers.append([event.formatted async for event in events])
    assert answers[0] == answers[1]
    assert "errors" not in answers[1][2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{ __schema { queryType { name } } }", "introspection"),
        ('{ x t: __type(name: "A") { name fields { name } } }', "introspection"),
        ("{ x ... @defer { a { x } } }", "defer"),
        ("{ l @stream(initialCount: 1) }", "stream"),
    ],
)
async def test_what_is_handed_on_is_counted(text: str, reason: str) -> None:
    plain = build_schema("type Query { x: Int a: A l: [Int] } type A { x: Int }")
    directives = (*specified_directives, GraphQLDeferDirective, GraphQLStreamDirective)
    schema = GraphQLSchema(plain.query_type, directives=directives)
    root = {"x": 1, "a": {"x": 2}, "l": [1, 2]}
    answers = []
    for executor in (IncrementalExecutor, BreadthFirstExecutor):
        before = fallbacks[reason]
        result: Any = experimental_execute_incrementally(schema, parse(text), root, executor_class=executor)
        if hasattr(result, "initial_result"):
            parts = [result.initial_result.formatted]
            parts += [part.formatted async for part in result.subsequent_results]
            answers.append(parts)
        else:
            answers.append([result.formatted])
    assert answers[0] == answers[1]
    assert fallbacks[reason] == before + 1


async def test_introspection_below_the_root_is_run() -> None:
    schema = build_schema("type Query { x: Int } type Mutation { m: P } type P { query: Query! }")
    document = parse("mutation { m { query { x __typename __schema { queryType { name } } } } }")
    await compare(schema, document, root_value={"m": {"query": {"x": 1}}})


async def test_missing_root_type_is_reported() -> None:
    schema = build_schema("type Query { x: Int }")
    expected = execute(schema, parse("mutation { x }"))
    actual = execute(schema, parse("mutation { x }"), executor_class=BreadthFirstExecutor)
    assert_same(expected, actual)  # type: ignore[arg-type]


async def test_abort_signals() -> None:
    schema = build_schema("type Query { x: Int slow: Int } type Mutation { a: Int b: Int }")
    assert schema.query_type
    assert schema.mutation_type
    for early in (True, False):
        for text in ("{ x slow }", "mutation { a b }"):
            texts = []
            for executor in (IncrementalExecutor, BreadthFirstExecutor):
                controller = AbortController()

                async def hang(_source: Any, _info: Any, controller: Any = controller) -> None:
                    asyncio.get_running_loop().call_soon(controller.abort, RuntimeError("enough"))
                    await asyncio.sleep(60)

                schema.query_type.fields["slow"].resolve = hang
                schema.mutation_type.fields["a"].resolve = hang
                if early:
                    controller.abort(RuntimeError("enough"))
                with pytest.raises(Exception, match="enough") as raised:
                    await run(schema, parse(text), executor, abort_signal=controller.signal)
                texts.append((type(raised.value), str(raised.value)))
                assert isinstance(raised.value, (AbortedGraphQLExecutionError, RuntimeError))
            assert texts[0] == texts[1]
    controller = AbortController()
    await compare(schema, parse("{ x }"), root_value={"x": 1}, abort_signal=controller.signal)


async def test_hook_runs_when_all_work_is_finished() -> None:
    schema = build_schema("type Query { x: Int y: Int }")

    async def later(_info: Any) -> int:
        await asyncio.sleep(0)
        return 1

    for root in ({"x": 1}, {"x": later}):
        finished: list[Any] = []
        hooks = ExecutionHooks(async_work_finished=finished.append)
        result = await run(schema, parse("{ x y }"), BreadthFirstExecutor, root_value=root, hooks=hooks)
        assert result.data == {"x": 1, "y": None}
        await asyncio.sleep(0)
        assert len(finished) == 1


async def test_cancelling_the_operation_cancels_its_resolvers() -> None:
    schema = build_schema("type Query { x: Int y: Int }")
    cancelled: list[str] = []
    assert schema.query_type

    async def hang(_source: Any, info: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(info.field_name)
            raise

    for field in schema.query_type.fields.values():
        field.resolve = hang
    task = asyncio.ensure_future(run(schema, parse("{ x y }"), BreadthFirstExecutor))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(cancelled) == ["x", "y"]


class Marked(IncrementalExecutor):
    def build_resolve_info(self, field_def: Any, field_nodes: Any, parent_type: Any, path: Any) -> Any:
        info = super().build_resolve_info(field_def, field_nodes, parent_type, path)
        return info._replace(context=f"at {path.as_list()}")


async def test_a_subclass_with_its_own_infos() -> None:
    class Own(Marked, BreadthFirstExecutor):
        """Gets its infos from a base that knows nothing of the engine."""

    schema = build_schema("type Query { l: [A] } type A { x: String }")
    schema.type_map["A"].fields["x"].resolve = lambda _source, info: info.context  # type: ignore[attr-defined]
    result = await run(schema, parse("{ l { x } }"), Own, root_value={"l": [{}, {}]})
    assert result.data == {"l": [{"x": "at ['l', 0, 'x']"}, {"x": "at ['l', 1, 'x']"}]}
