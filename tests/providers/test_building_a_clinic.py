"""A clinic is built from nothing through the API alone, and the documentation shows how."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.client import Client
from tests.providers.asks import server_over
from tests.providers.building import STEPS, filled, found, page


@pytest.fixture
async def nothing(database: str) -> AsyncIterator[Client]:
    """A server over an empty database, but for its administrator."""
    connection = await asyncpg.connect(database)
    await connection.execute("INSERT INTO users (id, name, email) VALUES (1, 'Ada Admin', 'admin@example.org')")
    await connection.execute("SELECT setval(pg_get_serial_sequence('users', 'id'), 1)")
    await connection.close()
    async with server_over(database) as client:
        yield client


async def test_from_nothing_to_the_first_appointment(nothing: Client) -> None:
    kept: dict[str, str] = {}
    for step in STEPS:
        answer = await nothing.ask(step.document, {"input": filled(step.input, kept)}, viewer="admin")
        payload = answer.data[step.mutation]
        assert payload["userErrors"] == [], step.title
        kept |= {name: found(payload, path) for name, path in step.keeps.items()}
    overview = """query ($clinic: ID!, $child: ID!) {
      clinic(id: $clinic) {
        staff { role user { name } }
        doctors { edges { node { status user { name } } } }
        appointments { edges { node { status start: slot { start } patient { name } } } }
      }
      patient(id: $child) { guardian { name } }
    }"""
    data = (await nothing.ask(overview, {"clinic": kept["clinic"], "child": kept["child"]}, viewer="admin")).data
    clinic = data["clinic"]
    assert {member["user"]["name"] for member in clinic["staff"]} == {"Mara Mole", "Finn Front"}
    assert [edge["node"]["status"] for edge in clinic["doctors"]["edges"]] == ["APPROVED", "APPROVED"]
    booked = {
        edge["node"]["patient"]["name"]: (edge["node"]["start"]["start"], edge["node"]["status"])
        for edge in clinic["appointments"]["edges"]
    }
    assert booked == {
        "Paula Petersen": ("2026-06-16T07:00:00Z", "CONFIRMED"),
        "Pia Petersen": ("2026-06-17T07:00:00Z", "CONFIRMED"),
    }
    assert data["patient"]["guardian"] == {"name": "Paula Petersen"}


def test_the_page_is_what_the_steps_say(root: Path) -> None:
    file = root / "docs" / "building-a-clinic.md"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(page())
    assert file.read_text() == page(), "UPDATE_GOLDEN=1 writes it"
