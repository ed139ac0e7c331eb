"""The project runs from its checkout: its packages are these folders, whatever PyPI calls by the same names."""

import importlib
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["auth", "engine", "loaders", "migrations", "models", "resolvers", "schema", "server"])
def test_root_packages_come_from_here(name: str, root: Path) -> None:
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(root)
