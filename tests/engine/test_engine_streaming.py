"""Streamed lists: what graphql-core answers, with items that wait for each other's loaders completed side by side."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    ExperimentalIncrementalExecutionResults,
    GraphQLSchema,
    build_schema,
    experimental_execute_incrementally,
    parse,
)
from graphql.execution.incremental import IncrementalExecutor

from engine import BreadthFirstExecutor
from tests.server.incremental.asking import put_together

SCHEMA = build_schema("""
    directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
    directive @stream(if: Boolean! = true, label: String, initialCount: Int = 0) on FIELD
    type Query { items: [Item], strict: [Item!], numbers: [Int] }
    type Item { id: Int, name: String!, items: [Item] }
""")
TEXT = "{ items @stream(initialCount: 1) { id name items @stream { id name } } numbers @stream }"


async def later(value: Any) -> Any:
    await asyncio.sleep(0)
    if isinstance(value, Exception):
        raise value
    return value


def item(number: int, name: Any = "n") -> dict[str, Any]:
    return {"id": number, "name": name}


def breaks_off() -> Iterator[Any]:
    yield from (item(1), item(2))
    raise ValueError("no more")


ROOTS: dict[str, Any] = {
    "plain": lambda: {"items": [item(n) | {"items": [item(9)]} for n in range(3)], "numbers": range(4)},
    "waiting": lambda: {
        "items": [later(item(n) | {"items": lambda _info: later([item(9), later(item(8))])}) for n in range(3)],
        "numbers": [later(1), 2, later(3)],
    },
    "empty": lambda: {"items": [], "numbers": [1]},
    "nulls": lambda: {"items": [None, None, item(1)], "numbers": None},
    "failing": lambda: {
        "items": [item(1), item(2, ValueError("bad")), later(ValueError("worse")), item(3)],
        "numbers": [1, "x", later(ValueError("bad number"))],
    },
    "broken off": lambda: {"items": breaks_off(), "numbers": []},
}


async def together(schema: GraphQLSchema, text: str, root: Any, executor: type) -> dict[str, Any]:
    result: Any = experimental_execute_incrementally(schema, parse(text), root, executor_class=executor)
    if asyncio.iscoroutine(result):
        result = await result
    if not isinstance(result, ExperimentalIncrementalExecutionResults):
        answer: dict[str, Any] = result.formatted
        return answer
    payloads: list[Any] = [result.initial_result.formatted]
    payloads += [each.formatted async for each in result.subsequent_results]
    whole = put_together(payloads)
    whole.get("errors", []).sort(key=str)
    return whole


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("text", [TEXT, TEXT.replace("items", "strict", 1)])
async def test_the_same_comes_in_the_end(root: str, text: str) -> None:
    def made() -> dict[str, Any]:
        found: dict[str, Any] = ROOTS[root]()
        return found | {"strict": found["items"]}

    theirs = await together(SCHEMA, text, made(), IncrementalExecutor)
    assert await together(SCHEMA, text, made(), BreadthFirstExecutor) == theirs


async def test_items_are_completed_side_by_side() -> None:
    """Each waits until all do: one after the other none would ever come."""
    all_there = asyncio.Barrier(5)

    async def name(_info: Any) -> str:
        await all_there.wait()
        return "n"

    root = {"items": [{"id": n, "name": name} for n in range(5)]}
    async with asyncio.timeout(60):
        answer = await together(SCHEMA, "{ items @stream { name } }", root, BreadthFirstExecutor)
    assert answer == {"data": {"items": [{"name": "n"}] * 5}}


async def test_nothing_is_begun_before_it_is_asked_for() -> None:
    begun: list[int] = []

    def begin(number: int) -> int:
        begun.append(number)
        return number

    root = {"items": [{"id": lambda _info, number=number: begin(number)} for number in range(3)]}
    result: Any = experimental_execute_incrementally(
        SCHEMA, parse("{ items @stream(initialCount: 1) { id } }"), root, executor_class=BreadthFirstExecutor
    )
    await asyncio.sleep(0.01)
    assert begun == [0]
    async for _ in result.subsequent_results:
        pass
    assert begun == [0, 1, 2]


async def test_what_nobody_wants_any_more_is_cancelled() -> None:
    cancelled: list[int] = []
    waiting = asyncio.Semaphore(0)

    def item_that_waits(number: int) -> dict[str, Any]:
        async def name(_info: Any) -> str:
            waiting.release()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                cancelled.append(number)
            return "never"

        return {"id": number, "name": name}

    root = {"items": [item_that_waits(n) for n in range(150)]}
    result: Any = experimental_execute_incrementally(
        SCHEMA, parse("{ items @stream { name } }"), root, executor_class=BreadthFirstExecutor
    )
    rest = result.subsequent_results
    asking = asyncio.ensure_future(anext(rest))
    for _ in range(100):
        await waiting.acquire()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await rest.aclose()
    assert len(cancelled) >= 100
