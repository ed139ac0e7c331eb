"""What a session writes down: all of it, in order, in as few statements as can be."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from auth.viewer import Viewer
from domain.session import KeptAnswer, Session
from models import Patient
from tests.clinic_data import NOW

SQL = asyncpg.Connection
ADD = "INSERT INTO patients (id, name, registered_at_clinic_id) VALUES ($1, 'Any One', 1) RETURNING *"
AUDIT = """
SELECT happened_at, request_id, user_id, client_id, action, entity, entity_id, patient_id, reason FROM audit_records
WHERE request_id = 'request' ORDER BY id
"""
EVENTS = "SELECT name, aggregate_id, sequence, payload FROM outbox_events ORDER BY id"


@pytest.fixture
async def sql(clinic: str) -> AsyncIterator[SQL]:
    """A connection in a transaction that is rolled back."""
    connection = await asyncpg.connect(clinic)
    await connection.execute("BEGIN")
    yield connection
    await connection.close()


def session_of(sql: SQL) -> Session:
    return Session(sql, Viewer(user_id=7, client_id="app"), NOW, "request", "mutate")


async def events(sql: SQL) -> list[tuple[str, int, int]]:
    return [(row["name"], row["aggregate_id"], row["sequence"]) for row in await sql.fetch(EVENTS)]


async def test_all_is_one_statement(sql: SQL) -> None:
    session = session_of(sql)
    session.audit("Clinic", 1, reason="it's $1")
    session.audit("Clinic", 2, patient_id=3, action="other")
    session.emit("one", "Clinic", 1, said="it's $2")
    session.emit("two", "Clinic", 1)
    await session.write_down(KeptAnswer("user:7", "key", b"hash", {"clinic_id": 1}))
    assert session.statements == 1
    assert [tuple(row) for row in await sql.fetch(AUDIT)] == [
        (NOW, "request", 7, "app", "mutate", "Clinic", 1, None, "it's $1"),
        (NOW, "request", 7, "app", "other", "Clinic", 2, 3, None),
    ]
    assert await events(sql) == [("one", 1, 1), ("two", 1, 2)]
    assert [row["payload"] for row in await sql.fetch(EVENTS)] == ['{"said": "it\'s $2"}', "{}"]
    kept = await sql.fetchrow("SELECT owner, mutation, key, input_hash, answer, created_at FROM idempotency_keys")
    assert tuple(kept or ()) == ("user:7", "mutate", "key", b"hash", '{"clinic_id": 1}', NOW)


async def test_events_follow_upon_those_that_there_are(sql: SQL) -> None:
    for name in ("first", "second"):
        session = session_of(sql)
        session.emit(name, "Clinic", 1)
        session.emit(name, "Clinic", 2)
        session.emit(name, "Clinic", 1)
        await session.write_down()
    first = [("first", 1, 1), ("first", 2, 1), ("first", 1, 2)]
    assert await events(sql) == [*first, ("second", 1, 3), ("second", 2, 2), ("second", 1, 4)]


@pytest.mark.parametrize("is_new", [False, True])
async def test_very_many_are_a_few_statements(sql: SQL, is_new: bool) -> None:
    session = session_of(sql)
    number = await session.insert(Patient, name="Any One", registered_at_clinic_id=1) if is_new else 1
    for nth in range(250):
        session.audit("Patient", nth)
        session.emit(f"{nth}", "Patient", number)
    before = session.statements
    await session.write_down(KeptAnswer("user:7", "key", b"hash", {}))
    assert session.statements - before == 5
    assert await events(sql) == [(f"{nth}", number, nth + 1) for nth in range(250)]
    assert [row["entity_id"] for row in await sql.fetch(AUDIT)] == list(range(250))
    assert await sql.fetchval("SELECT count(*) FROM idempotency_keys") == 1


async def test_an_added_row_comes_back_with_what_is_written_down(sql: SQL) -> None:
    session = session_of(sql)
    session.put_off("UPDATE clinics SET name = $2 WHERE id = $1", 1, "Other")
    session.add(Patient, 900_001, ADD, 900_001)
    session.emit("patient.created", "Patient", 900_001)
    assert session.statements == 0
    await session.write_down()
    assert session.statements == 1
    assert session.written[Patient]["id"] == 900_001
    assert await sql.fetchval("SELECT name FROM clinics WHERE id = 1") == "Other"


async def test_what_is_run_after_it_sees_an_added_row(sql: SQL) -> None:
    session = session_of(sql)
    session.add(Patient, 900_001, ADD, 900_001)
    assert len(await session.run("SELECT FROM patients WHERE id = 900001")) == 1
    assert session.written[Patient]["id"] == 900_001
    session.add(Patient, 900_002, ADD, 900_002)
    await session.write_down()
    assert session.written[Patient]["id"] == 900_002
    assert session.statements == 3


async def test_nothing_is_no_statement(sql: SQL) -> None:
    session = session_of(sql)
    await session.write_down()
    assert session.statements == 0
