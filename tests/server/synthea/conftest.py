"""The invented files, to be changed."""

import shutil
from pathlib import Path

import pytest

from tests.server.synthea.files import FIXTURE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the invented files, to be changed."""
    return Path(shutil.copytree(FIXTURE, tmp_path / "synthea"))
