"""People who sign in here, with light passwords."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from auth.oauth.configuration import Configuration
from tests.auth.world import password_hash
from tests.client import INSTALLATION


@pytest.fixture
def installed() -> Configuration:
    """What people's credentials rest on."""
    return INSTALLATION


@pytest.fixture
async def sql(clinic: str) -> "AsyncIterator[asyncpg.Connection[Any]]":
    """A connection to the database that `writer` writes to; everybody there has tests.auth.world.PASSWORD."""
    connection = await asyncpg.connect(clinic)
    await connection.execute("UPDATE users SET password_hash = $1", password_hash())
    yield connection
    await connection.close()
