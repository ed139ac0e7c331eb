"""Loaders: one statement for what is asked in one turn, whoever asks, whoever gives up."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from auth.viewer import ANONYMOUS
from loaders.connections import Connections
from loaders.loader import Loader
from loaders.reads import Pools, Reads


async def refuse() -> Any:
    raise AssertionError("these loaders read no database")


CLOSED = Connections(refuse, 0)
NOWHERE = Pools(lookups=CLOSED, lists=CLOSED, writes=CLOSED)


class Doubled(Loader[int, int]):
    """Doubles its keys after a while; leaves multiples of ten unanswered, and fails on -1."""

    def __init__(self) -> None:
        super().__init__(Reads(NOWHERE, ANONYMOUS, datetime.now(UTC)))
        self.asked: list[list[int]] = []

    async def read(self, keys: list[int]) -> Mapping[int, int]:
        self.asked.append(keys)
        await asyncio.sleep(0.01)
        if -1 in keys:
            raise RuntimeError("minus one")
        return {key: 2 * key for key in keys if key % 10}


async def test_answers_in_order_with_none_for_what_is_not_there() -> None:
    assert await Doubled().load_level([3, None, 1, 3, 10]) == [6, None, 2, 6, None]


async def test_what_is_known_is_not_asked_again_even_if_it_was_not_there() -> None:
    loader = Doubled()
    await loader.load_level([1, 10])
    assert await loader.load_level([10, 2, 1]) == [None, 4, 2]
    assert await loader.load(1) == 2
    assert loader.asked == [[1, 10], [2]]


async def test_levels_of_one_turn_and_single_loads_share_a_statement() -> None:
    loader = Doubled()
    answers = await asyncio.gather(loader.load_level([1, 2]), loader.load_level([2, 3]), loader.load_level([]))
    assert list(answers) == [[2, 4], [4, 6], []]
    assert loader.asked == [[1, 2, 3]]
    assert list(await asyncio.gather(loader.load(4), loader.load(5), loader.load(4))) == [8, 10, 8]
    assert loader.asked[1:] == [[4, 5]]


async def test_keys_that_are_being_read_are_waited_for() -> None:
    loader = Doubled()
    first = asyncio.create_task(loader.load_level([1, 2]))
    await asyncio.sleep(0.005)
    assert await loader.load_level([2, 3]) == [4, 6]
    assert (await first, loader.asked) == ([2, 4], [[1, 2], [3]])


async def test_a_failure_reaches_all_who_asked_and_is_not_kept() -> None:
    loader = Doubled()
    for answer in await asyncio.gather(loader.load_level([-1]), loader.load_level([1]), return_exceptions=True):
        assert isinstance(answer, RuntimeError)
    assert await loader.load_level([1]) == [2]


@pytest.mark.parametrize("after", [0, 0.005])
async def test_who_gives_up_does_not_take_the_others_along(after: float) -> None:
    loader = Doubled()
    leading, following = (asyncio.create_task(loader.load_level([key])) for key in (1, 2))
    single, other = asyncio.ensure_future(loader.load(3)), loader.load(3)
    await asyncio.sleep(after)
    leading.cancel()
    single.cancel()
    assert (await following, await other) == ([4], 6)
    with pytest.raises(asyncio.CancelledError):
        await leading


async def test_forgetting_asks_again() -> None:
    loader = Doubled()
    assert await loader.load(1) == 2
    loader.forget()
    assert (await loader.load_level([1]), await loader.load(1)) == ([2], 2)
    assert loader.asked == [[1], [1]]
