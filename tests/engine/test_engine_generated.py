"""Generated operations: graphql-core's executor and ours must give the same answer, whoever resolves the fields.

``ENGINE_EXAMPLES`` sets how many operations hypothesis-graphql generates (default 300; 5000 for the long run), half
of them for generated and half for interpreted readers (conftest.py); half as many deeper ones are added.
"""

import asyncio
import gc
import os
import random
import sys
import warnings
from functools import lru_cache
from typing import Any

import pytest
from graphql import DocumentNode, GraphQLError, build_schema, parse, validate
from graphql.execution.incremental import IncrementalExecutor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from engine import BreadthFirstExecutor, fallbacks
from tests.engine.deep_documents import DeepDocument
from tests.engine.differential import assert_same, run
from tests.engine.documents import harden
from tests.engine.generated_world import SDL, Flavour, World

FAULTS = [0.0, 0.003, 0.01, 0.03, 0.1]
EXAMPLES = int(os.environ.get("ENGINE_EXAMPLES", "300"))
SCHEMA = build_schema(SDL)
world_of = lru_cache(maxsize=None)(World)

operations: Any = from_schema(
    SDL, custom_scalars={"Day": st.sampled_from(["2026-11-21", "2026-11-22"]).map(nodes.String)}, allow_x00=False
)


def prepared(text: str, seed: int, world: World) -> tuple[DocumentNode, dict[str, Any]] | None:
    """The document, made harder if it stays valid."""
    try:
        document = parse(text)
        harder, variables = harden(world.schema, document, seed)
    except GraphQLError:
        return None
    if not validate(world.schema, harder):
        return harder, variables
    return None if validate(world.schema, document) else (document, {})


async def agree(text: str, seed: int, faults: float) -> int:
    """One operation in all flavours; returns how many errors the answer had."""
    plain = world_of(Flavour.PLAIN, seed % 8, faults)
    ready = prepared(text, seed, plain)
    if ready is None:
        return 0
    document, variables = ready
    options = {"variable_values": variables, "root_value": plain.root(document, seed)}
    expected = await run(plain.schema, document, IncrementalExecutor, **options)
    before = fallbacks.total()
    for _ in range(2):  # compiled, and from the cache
        assert_same(expected, await run(plain.schema, document, BreadthFirstExecutor, **options))
    flipped = {
        name: not value if isinstance(value, bool) and random.Random(seed).random() < 0.7 else value
        for name, value in variables.items()
    }
    options["variable_values"] = flipped
    assert_same(
        await run(plain.schema, document, IncrementalExecutor, **options),
        await run(plain.schema, document, BreadthFirstExecutor, **options),
    )
    for flavour in Flavour:
        world = world_of(flavour, seed % 8, faults)
        options = {"variable_values": variables, "root_value": world.root(document, seed)}
        actual = await run(world.schema, document, BreadthFirstExecutor, **options)
        assert_same(expected, actual, foreign=True)
        theirs = await run(world.schema, document, IncrementalExecutor, **options)
        assert_same(theirs, actual, timing=True)
    assert fallbacks.total() == before, fallbacks
    return len(expected.errors or [])


@settings(
    max_examples=EXAMPLES // 2, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=False
)
@given(text=operations, seed=st.integers(0, 2**32), faults=st.sampled_from([0.0, 0.02, 0.05, 0.1, 0.2]))
def test_generated_operations_agree(text: str, seed: int, faults: float) -> None:
    asyncio.run(agree(text, seed, faults))


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our executor awaits every coroutine that a resolver gives it, whatever fails."""
    left: list[str] = []
    chance = random.Random("left")

    async def execute_some() -> None:
        for _ in range(15):
            seed, faults = chance.randrange(2**32), chance.choice(FAULTS)
            text = DeepDocument(SCHEMA, seed).text()
            for flavour in (Flavour.ASYNC, Flavour.MIXED):
                world = world_of(flavour, seed % 8, faults)
                document = parse(text)
                await run(world.schema, document, BreadthFirstExecutor, root_value=world.root(document, seed))

    with monkeypatch.context() as patch, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        patch.setattr(sys, "unraisablehook", lambda unraisable: left.append(str(unraisable.exc_value)))
        gc.collect()
        left.clear()
        caught.clear()
        asyncio.run(execute_some())
        gc.collect()
        left += [str(warning.message) for warning in caught]
    assert not left


@pytest.mark.parametrize("part", range(8))
async def test_deep_operations_agree(part: int) -> None:
    chance = random.Random(f"deep {part} {EXAMPLES}")
    errors = 0
    for _ in range(EXAMPLES // 32):
        seed = chance.randrange(2**32)
        text = DeepDocument(SCHEMA, seed).text()
        errors += await agree(text, seed, chance.choice(FAULTS))
    assert errors > 0
