"""What is asked at the same time is done at once, for whoever still waits."""

import asyncio
from collections.abc import Sequence

import pytest

from loaders.together import Together


class Doubling:
    """Doubles numbers, each time when it is let to; fails on -1."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[int]]] = []
        self.turns = asyncio.Semaphore(0)
        self.together = Together(self._double)

    async def _double(self, group: str, numbers: Sequence[int]) -> Sequence[int]:
        self.asked.append((group, list(numbers)))
        await self.turns.acquire()
        if -1 in numbers:
            raise ValueError("minus one")
        return [2 * number for number in numbers]

    def ask(self, number: int, group: str = "all") -> "asyncio.Task[int]":
        return asyncio.ensure_future(self.together.ask(group, number))


async def begun() -> None:
    """Everybody has had a turn."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_first_goes_at_once_and_those_who_come_meanwhile_together() -> None:
    doubling = Doubling()
    asked = [doubling.ask(1)]
    await begun()
    asked += [doubling.ask(2), doubling.ask(3), doubling.ask(2)]
    await begun()
    assert doubling.asked == [("all", [1])]
    doubling.turns.release()
    await asked[0]
    asked.append(doubling.ask(4))
    await begun()
    assert doubling.asked[1:] == [("all", [2, 3, 2])]
    doubling.turns.release()
    doubling.turns.release()
    assert await asyncio.gather(*asked) == [2, 4, 6, 4, 8]
    assert doubling.asked[2:] == [("all", [4])]


async def test_once_all_is_done_the_next_goes_at_once_again() -> None:
    doubling = Doubling()
    for number in (1, 2):
        doubling.turns.release()
        assert await doubling.ask(number) == 2 * number
    assert doubling.asked == [("all", [1]), ("all", [2])]


async def test_groups_wait_only_for_themselves() -> None:
    doubling = Doubling()
    asked = [doubling.ask(1, "one"), doubling.ask(2, "other")]
    await begun()
    assert doubling.asked == [("one", [1]), ("other", [2])]
    for _ in asked:
        doubling.turns.release()
    await asyncio.gather(*asked)


async def test_what_fails_fails_for_those_who_went_together() -> None:
    doubling = Doubling()
    asked = [doubling.ask(1), doubling.ask(2), doubling.ask(-1)]
    await begun()
    doubling.turns.release()
    await asked[0]
    last = doubling.ask(3)
    for _ in range(2):
        doubling.turns.release()
    for failed in asked[1:]:
        with pytest.raises(ValueError, match="minus one"):
            await failed
    assert await last == 6


async def test_the_first_to_give_up_takes_nobody_along() -> None:
    doubling = Doubling()
    first, second = doubling.ask(1), doubling.ask(2)
    await begun()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    doubling.turns.release()
    assert await second == 4


async def test_nothing_is_done_for_those_who_gave_up_waiting() -> None:
    doubling = Doubling()
    first, second, third = doubling.ask(1), doubling.ask(2), doubling.ask(3)
    await begun()
    second.cancel()
    await begun()
    for _ in range(2):
        doubling.turns.release()
    assert [await first, await third] == [2, 6]
    assert doubling.asked == [("all", [1]), ("all", [3])]
