"""graphql-core's executor leaves coroutines unawaited when a sibling fails; that is not what these tests are about.

``test_nothing_is_left_behind`` watches our executor for the same.
"""

import gc
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(
                pytest.mark.filterwarnings(
                    "ignore:coroutine:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
                )
            )


@pytest.fixture(autouse=True, scope="module")
def _leave_nothing_to_other_tests() -> Iterator[None]:
    yield
    hook = sys.unraisablehook
    sys.unraisablehook = lambda _unraisable: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gc.collect()
    finally:
        sys.unraisablehook = hook


@pytest.fixture(autouse=True, params=["generated", "interpreted"])
def _readers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test twice: with readers generated at once, and never."""
    monkeypatch.setattr("engine.read.GENERATE_AFTER", 0 if request.param == "generated" else 1 << 60)
    monkeypatch.setattr("engine.read.MANY_OBJECTS", 1 << 60)
