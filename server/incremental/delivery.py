"""Delivers what `@defer` and `@stream` left for later, with the limits that hold for every operation."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from typing import TypeAlias

from graphql import (
    ExperimentalIncrementalExecutionResults,
    GraphQLError,
    SubsequentIncrementalExecutionResult,
)
from starlette.types import Receive, Scope

from server.deadlines import Deadline, DeadlinePassed, Turn
from server.endpoint import Endpoint, timed_out
from server.incremental.payloads import Body, Payloads

Results: TypeAlias = AsyncGenerator[SubsequentIncrementalExecutionResult, None]
Tell: TypeAlias = Callable[[Body], Awaitable[None]]


async def deliver(
    endpoint: Endpoint,
    results: ExperimentalIncrementalExecutionResults,
    scope: Scope,
    tell: Tell,
    receive: Receive | None = None,
) -> None:
    """Tells the payloads of an operation, each after what it read of patients was recorded.

    It has what is left of the operation's time, `scope["ends"]`, and a turn as every execution; what fails on the way
    ends it with a last payload. Raises HungUp and Stalled, and what fails before anything was told.
    """
    payloads = Payloads(scope["request_id"])
    scope["errors"] = payloads.errors
    async with AsyncExitStack() as stack:
        stack.callback(scope["context"].loaders.give_up)
        rest = await stack.enter_async_context(aclosing(results.subsequent_results))
        body = payloads.first(results.initial_result)
        if endpoint.wire.show_cost:
            body["extensions"] = {"cost": scope["cost"]}
        await _record(endpoint, scope)
        await tell(body)
        payloads.told(body)
        turn = Turn(endpoint.turns)
        left = max(scope["ends"] - asyncio.get_running_loop().time(), 0)
        stack.enter_context(endpoint.delivering(scope))
        try:
            async with Deadline(left, receive, turn.give_back), turn:
                while body["hasNext"]:
                    body = await _next(endpoint, scope, payloads, rest)
                    await tell(body)
                    payloads.told(body)
        except DeadlinePassed:
            scope["context"].loaders.give_up()
            await tell(payloads.last(timed_out(endpoint.wire.operation_timeout, reads_only=True)))


async def _next(endpoint: Endpoint, scope: Scope, payloads: Payloads, rest: Results) -> Body:
    try:
        body = payloads.next(await anext(rest))
        await _record(endpoint, scope)
    except Exception as failure:  # noqa: BLE001 - shown as a masked bug, and logged where that is done
        return payloads.last(GraphQLError("", original_error=failure))
    return body


async def _record(endpoint: Endpoint, scope: Scope) -> None:
    """Records whose data was read since the last time."""
    context = scope["context"]
    recorded = endpoint.read_audit.begin(context)
    context.reads.seen = {}
    if recorded is not None:
        await recorded
