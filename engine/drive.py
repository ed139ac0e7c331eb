"""Steps that may wait: generators that yield awaitables, run without an event loop until the first of them.

Everything that may have to wait is written once, as a generator. When it never yields it has been an ordinary
function call, and a synchronous operation stays synchronous.
"""

from __future__ import annotations

from asyncio import Future, ensure_future, gather
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Steps: TypeAlias = Generator[Awaitable[Any], Any, T]
"""Yields what it waits for, is sent the outcome, returns its result."""

Soon: TypeAlias = list[Any] | Steps[list[Any]]
"""A list, or the steps that lead to it if something has to be awaited first."""

Pending: TypeAlias = list[Coroutine[Any, Any, None]]
"""Branches that wait, each with its whole subtree still to come."""


def then(steps: Steps[list[Any]], following: Callable[[list[Any]], Soon]) -> Steps[list[Any]]:
    """Follow steps by what is to be done with their list."""
    result = following((yield from steps))
    return result if isinstance(result, list) else (yield from result)


def start(steps: Steps[Pending | None], pending: Pending) -> None:
    """Run a branch as far as it goes without waiting; what then waits is added to ``pending``."""
    try:
        waiting = next(steps)
    except StopIteration as stop:
        if stop.value:
            pending += stop.value
    else:
        pending.append(_finish_branch(steps, waiting))


async def _finish_branch(steps: Steps[Pending | None], waiting: Awaitable[Any]) -> None:
    children = await drive(steps, waiting)
    if children:
        await together(children)


async def drive(steps: Steps[T], waiting: Awaitable[Any]) -> T:
    """Run steps that have begun to wait to their end."""
    try:
        while True:
            try:
                outcome = await waiting
            except Exception as error:  # noqa: BLE001 - the steps decide what an error means
                waiting = steps.throw(error)
            else:
                waiting = steps.send(outcome)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def together(branches: Pending) -> None:
    """Run branches at the same time; none waits for another's next level."""
    tasks = [ensure_future(branch) for branch in branches[1:]]
    try:
        await branches[0]
        for task in tasks:
            await task
    except BaseException:
        # Field errors are values by now: this is an abort or a cancellation.
        await _cancel(tasks)
        raise


async def outcomes(awaitables: list[Awaitable[Any]]) -> list[Any]:
    """Await all at the same time; an item is a value, or the exception that came instead."""
    # One after the other is cheaper than gather: all of them run already, and most are done once the first is.
    waiting = awaitables if len(awaitables) == 1 else [ensure_future(awaitable) for awaitable in awaitables]
    results: list[Any] = []
    try:
        for awaitable in waiting:
            try:
                results.append(await awaitable)
            except Exception as error:  # noqa: BLE001 - it becomes the error of one object
                results.append(error)
    except BaseException:
        await _cancel([future for future in waiting if isinstance(future, Future)])
        raise
    return results


async def _cancel(futures: Sequence[Future[Any]]) -> None:
    for future in futures:
        future.cancel()
    await gather(*futures, return_exceptions=True)
