"""What several requests ask of the database at the same time, asked once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

Group = TypeVar("Group", bound=Hashable)
Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Together(Generic[Group, Item, Answer]):
    """Does something for one item or for many of a group, and gives an answer to each.

    The first is done at once. Those that come while it is under way are done together as soon as it is over: the more
    of them the busier the process is, and nobody waits for longer than that. What is done for an item always begins
    after it was asked for. An exception is raised for all that were done together.
    """

    def __init__(self, do: Callable[[Group, Sequence[Item]], Awaitable[Sequence[Answer]]]) -> None:
        """`do` gives its answers in the order of the items."""
        self._do = do
        self._next: dict[Group, list[tuple[Item, asyncio.Future[Answer]]]] = {}
        """For each group of which something is under way, who waits for its end."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, group: Group, item: Item) -> Answer:
        """The answer for an item. Raises what doing it raises."""
        waiting = self._next.get(group)
        if waiting is not None:
            answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            waiting.append((item, answer))
            return await answer
        self._next[group] = []
        try:
            (alone,) = await self._do(group, [item])
        finally:
            self._over(group)
        return alone

    def _over(self, group: Group) -> None:
        waiting = [(item, answer) for item, answer in self._next.pop(group) if not answer.done()]
        if waiting:
            self._next[group] = []
            task = asyncio.ensure_future(self._answer(group, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, group: Group, waiting: Sequence[tuple[Item, "asyncio.Future[Answer]"]]) -> None:
        try:
            answers = await self._do(group, [item for item, _ in waiting])
            for (_, waited), answer in zip(waiting, answers, strict=True):
                if not waited.done():
                    waited.set_result(answer)
        except Exception as error:  # noqa: BLE001 - raised where the answers are waited for
            for _, waited in waiting:
                if not waited.done():
                    waited.set_exception(error)
        finally:
            self._over(group)
