"""Runs a document through graphql-core's executor and through ours, and says how the answers differ."""

import json
import re
from collections.abc import Awaitable
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, execute
from graphql.execution.incremental import IncrementalExecutor

from engine import BreadthFirstExecutor, fallbacks


async def run(schema: GraphQLSchema, document: DocumentNode, executor: Any, **options: Any) -> ExecutionResult:
    """Execute and await where needed."""
    result = execute(schema, document, executor_class=executor, **options)
    return await result if isinstance(result, Awaitable) else result


def described(error: GraphQLError, *, foreign: bool = False) -> tuple[str, str, str]:
    """An error as clients see it; of a ``foreign`` one without the objects that its message shows."""
    message = re.sub(r"but got: .*|with value .*, received", "...", error.message) if foreign else error.message
    return (json.dumps(error.path), json.dumps(error.locations, default=str), message)


def is_at_null(data: Any, path: list[str | int] | None) -> tuple[str | int, ...]:
    """The position that is null because of an error with this path."""
    position: list[str | int] = []
    for key in path or []:
        if data is None:
            break
        data = data[key]
        position.append(key)
    return tuple(position)


def permitted(result: ExecutionResult) -> set[object]:
    """The errors without what the specification leaves open.

    An error at the null it caused is itself. Of errors below a null that rose, any one may be reported, and any
    that were noted before; so such a null is just that it was explained.
    """
    found: set[object] = set()
    for error in result.errors or []:
        position = is_at_null(result.data, error.path)
        exact = len(position) == len(error.path or [])
        found.add(described(error) if exact else position)
    return found


def assert_same(
    expected: ExecutionResult, actual: ExecutionResult, *, timing: bool = False, foreign: bool = False
) -> None:
    """Data equal to the byte; errors equal, in order, or as a set if timing decides among them.

    ``foreign``: the two ran on objects of different classes that stand for the same.
    """
    assert json.dumps(actual.data) == json.dumps(expected.data)
    if timing:
        assert permitted(actual) == permitted(expected)
    else:
        errors = [[described(error, foreign=foreign) for error in result.errors or []] for result in (expected, actual)]
        assert errors[0] == errors[1]
        assert (actual.errors is None) == (expected.errors is None)
    for error in actual.errors or []:
        assert type(error) is GraphQLError


async def compare(
    schema: GraphQLSchema, document: DocumentNode, *, timing: bool = False, **options: Any
) -> ExecutionResult:
    """Both executors on one schema; ours must not have handed the operation on."""
    expected = await run(schema, document, IncrementalExecutor, **options)
    before = fallbacks.total()
    actual = await run(schema, document, BreadthFirstExecutor, **options)
    assert fallbacks.total() == before, fallbacks
    assert_same(expected, actual, timing=timing)
    return actual
