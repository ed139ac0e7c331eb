"""A real PostgreSQL for every test: the embedded one, or the server that DATABASE_URL names."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

from server.database import migrate
from server.embedded import create_database, drop_database, temporary_postgres
from server.metrics_endpoint import exposition
from tests import clinic_data
from tests.client import Client
from tests.telling import WATCHING

NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The DSN of a running server."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    with temporary_postgres() as dsn:
        yield dsn


@pytest.fixture(scope="session", autouse=True)
def watched() -> Iterator[None]:
    """All that is logged is looked through, in every test; and at the end what was counted."""
    WATCHING.begin()
    yield
    assert WATCHING in logging.getLogger().handlers
    WATCHING.look(exposition().decode())
    assert WATCHING.taken() == []


@pytest.fixture(autouse=True)
def nothing_is_told(watched: None) -> Iterator[None]:
    """No log line that this test brought about (and with `TRACED=1` no span) tells of a person, or a secret."""
    yield
    assert WATCHING.taken() == []


def made(postgres: str, name: str, template: str = "template1") -> str:
    asyncio.run(drop_database(postgres, name))
    return asyncio.run(create_database(postgres, name, template=template))


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """The name of a migrated, empty database, to be copied."""
    name = f"test_{os.getpid()}_template"
    asyncio.run(migrate(made(postgres, name)))
    yield name
    asyncio.run(drop_database(postgres, name))


@pytest.fixture
async def empty_database(postgres: str) -> AsyncIterator[str]:
    """The DSN of a database without tables, for one test."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    yield await create_database(postgres, name)
    await drop_database(postgres, name)


@pytest.fixture
async def database(postgres: str, template: str) -> AsyncIterator[str]:
    """The DSN of a migrated, empty database, for one test."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    yield await create_database(postgres, name, template=template)
    await drop_database(postgres, name)


@pytest.fixture(scope="session", params=[3, 30], ids=["3 rows", "30 rows"])
def clinic_database(request: pytest.FixtureRequest, postgres: str, template: str) -> Iterator[tuple[str, int]]:
    """The DSN of a database that tests only read, and how many doctors, patients, … are in it."""
    name = f"test_{os.getpid()}_clinic_{request.param}"
    dsn = made(postgres, name, template)
    asyncio.run(clinic_data.load(dsn, request.param))
    yield dsn, request.param
    asyncio.run(drop_database(postgres, name))


@pytest.fixture(scope="session")
def three(postgres: str, template: str) -> Iterator[str]:
    """The DSN of the database with three rows of each, for tests that only read."""
    name = f"test_{os.getpid()}_three"
    dsn = made(postgres, name, template)
    asyncio.run(clinic_data.load(dsn, 3))
    yield dsn
    asyncio.run(drop_database(postgres, name))


@pytest.fixture(scope="session")
def clinic_template(postgres: str, template: str) -> Iterator[str]:
    """The name of a database with three rows of each, to be copied by tests that write."""
    name = f"test_{os.getpid()}_clinic_template"
    asyncio.run(clinic_data.load(made(postgres, name, template), 3))
    yield name
    asyncio.run(drop_database(postgres, name))


@pytest.fixture
async def clinic(postgres: str, clinic_template: str) -> AsyncIterator[str]:
    """The DSN of a database with three rows of each, for one test to change."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    yield await create_database(postgres, name, template=clinic_template)
    await drop_database(postgres, name)


@pytest.fixture
async def writer(clinic: str) -> AsyncIterator[Client]:
    """The whole application over a database that one test may change."""
    async with Client.of(clinic) as opened:
        yield opened


@pytest.fixture
async def client(three: str) -> AsyncIterator[Client]:
    """The whole application over three rows of each."""
    async with Client.of(three) as opened:
        yield opened


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parent.parent
