"""Streamed lists: their items are completed side by side, so that what they wait for is still read in batches."""

from __future__ import annotations

from asyncio import Future, ensure_future
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from graphql import GraphQLOutputType, GraphQLResolveInfo, located_error
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import collect_iterator_awaitables, to_nodes
from graphql.execution.incremental import StreamItemQueue
from graphql.pyutils import Path

if TYPE_CHECKING:
    from .executor import BreadthFirstExecutor


def stream_item_queue(
    executor: BreadthFirstExecutor,
    first: int,
    path: Path,
    items: Iterator[Any],
    details: FieldDetailsList,
    info: GraphQLResolveInfo[Any],
    item_type: GraphQLOutputType,
) -> StreamItemQueue:
    """The queue of a list's items from the ``first`` on; nothing is completed before somebody wants them."""

    async def produce(queue: StreamItemQueue) -> None:
        for index, item in enumerate(_located(items, details, path), first):
            own = executor.create_sub_executor()
            result = own.complete_stream_item(path.add_key(index, None), item, details, info, item_type)
            if executor.is_awaitable(result):
                future = ensure_future(result)
                future.add_done_callback(_notice)
                await queue.push(future)
            else:
                await queue.push(cast("Any", result))

    def give_up(_reason: BaseException | None) -> None:
        executor.track_async_work(collect_iterator_awaitables(items, executor.is_awaitable))

    return StreamItemQueue(produce, give_up)


def _located(items: Iterator[Any], details: FieldDetailsList, path: Path) -> Iterator[Any]:
    try:
        yield from items
    except Exception as error:
        raise located_error(error, to_nodes(details), path.as_list()) from error


def _notice(future: Future[Any]) -> None:
    """Of several items that fail only the first is told; the others have failed all the same."""
    if not future.cancelled():
        future.exception()
