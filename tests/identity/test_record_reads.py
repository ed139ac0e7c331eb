"""Who looked at whose records: written down before the answer leaves, by one statement a request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import pytest

from loaders.reads import Pools
from schema.node import encode_id
from tests.client import Client

Sql: TypeAlias = "asyncpg.Connection[Any]"
AGENDA = "{ appointments(first: 100) { edges { node { id } } } }"
MANY = """
INSERT INTO users (id, name, email) SELECT 5000 + i, 'P', 'p' || i || '@example.org' FROM generate_series(1, 30) i;
INSERT INTO patients (id, user_id) SELECT 500 + i, 5000 + i FROM generate_series(1, 30) i;
INSERT INTO slots (id, doctor_id, clinic_id, starts_at, ends_at, blocked_until)
  SELECT 5000 + i, 1, 1, at, at + interval '20 minutes', at + interval '20 minutes'
  FROM generate_series(1, 30) i, LATERAL (SELECT timestamptz '2026-07-01 08:00Z' + i * interval '1 hour' AS at) t;
INSERT INTO appointments (id, slot_id, patient_id, status, booked_at)
  SELECT 5000 + i, 5000 + i, 500 + i, 'CONFIRMED', now() FROM generate_series(1, 30) i
"""


async def recorded(dsn: str) -> list[tuple[Any, ...]]:
    """Who read what of which patient."""
    sql = await asyncpg.connect(dsn)
    rows = await sql.fetch("SELECT user_id, client_id, action, entity, patient_id FROM audit_records ORDER BY id")
    await sql.close()
    return sorted((tuple(row) for row in rows), key=str)


@asynccontextmanager
async def spied(client: Client) -> AsyncIterator[list[str]]:
    """The statements that write audit records meanwhile."""
    pools: Pools = client.app.endpoint.pools
    fetch, run = pools.lookups.fetch, []

    async def spy(text: str, *more: Any) -> Any:
        if "audit_records" in text:
            run.append(text)
        return await fetch(text, *more)

    pools.lookups.fetch = spy  # type: ignore[method-assign,assignment]
    try:
        yield run
    finally:
        del pools.lookups.fetch


async def test_thirty_appointments_are_one_statement_and_a_record_for_each_patient(writer: Client, clinic: str) -> None:
    sql = await asyncpg.connect(clinic)
    await sql.execute(MANY)
    await sql.close()
    async with spied(writer) as statements:
        answer = await writer.ask(AGENDA, viewer="doctor")
    assert len(answer.data["appointments"]["edges"]) == 33
    assert len(statements) == 1
    seen = await recorded(clinic)
    assert seen == sorted(((1001, None, "read", "Appointment", patient) for patient in (1, *range(501, 531))), key=str)


async def test_ones_own_data_leaves_none(writer: Client, clinic: str) -> None:
    mine = """{ me { patient { id appointments { edges { node { id payments { id } } } } } } }"""
    async with spied(writer) as statements:
        answer = await writer.ask(mine, viewer="patient")
    assert answer.data["me"]["patient"]["appointments"]["edges"]
    assert await recorded(clinic) == []
    # Whose payments they are, only the statement finds out.
    assert len(statements) == 1
    async with spied(writer) as statements:
        await writer.ask(AGENDA, viewer="patient")
    assert statements == []


async def test_what_is_public_leaves_none(writer: Client, clinic: str) -> None:
    async with spied(writer) as statements:
        await writer.ask("{ doctors { edges { node { user { name } slots { edges { node { id } } } } } } }")
        await writer.ask("{ doctors { edges { node { id } } } }", viewer="anonymous")
    assert statements == []


async def test_what_is_refused_or_not_there_leaves_none(writer: Client, clinic: str) -> None:
    assert (await writer.ask(AGENDA, viewer="anonymous")).codes == ["UNAUTHENTICATED"]
    assert (await writer.ask(AGENDA, viewer="patient without scopes")).codes == ["FORBIDDEN"]
    other = await writer.ask(f'{{ appointment(id: "{encode_id("Appointment", 11)}") {{ id }} }}', viewer="stranger")
    assert other.data == {"appointment": None}
    assert await recorded(clinic) == []


async def test_each_kind_is_recorded_also_through_an_application(writer: Client, clinic: str) -> None:
    asked = "appointments { edges { node { payments { id } } } }"
    hers = f'{{ patient(id: "{encode_id("Patient", 1)}") {{ {asked} }} }}'
    await writer.ask(hers, viewer="service")
    assert await recorded(clinic) == [(None, "service", "read", kind, 1) for kind in ("Appointment,Patient", "Payment")]


async def test_what_comes_along_is_recorded_with_what_it_belongs_to(writer: Client, clinic: str) -> None:
    asked = "{ appointments { edges { node { payment { id } patient { name } } } } }"
    answer = await writer.ask(asked, viewer="service")
    nodes = [edge["node"] for edge in answer.data["appointments"]["edges"]]
    assert answer.statements == 1
    assert {node["payment"] is None for node in nodes} == {True, False}
    sql = await asyncpg.connect(clinic)
    visits = "SELECT appointment_id FROM payments WHERE kind = 'VISIT'"
    paid = await sql.fetch(f"SELECT DISTINCT patient_id FROM appointments WHERE id IN ({visits})")
    seen = await sql.fetch("SELECT DISTINCT patient_id FROM appointments")
    await sql.close()
    assert await recorded(clinic) == sorted(
        (
            (None, "service", "read", "Appointment,Patient,Payment" if row in paid else "Appointment,Patient", row[0])
            for row in seen
        ),
        key=str,
    )


BOOK = "mutation ($input: BookAppointmentInput!) { bookAppointment(input: $input) { appointment { %s } } }"


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("id status", []),
        ("id patient { name }", ["Patient"]),
        ("id patient { name appointments { edges { node { id } } } }", ["Appointment,Patient"]),
    ],
)
async def test_what_was_just_written_is_recorded_as_that(
    writer: Client, clinic: str, shown: str, read: list[str]
) -> None:
    """Only what comes along with it is a read."""
    given = {"slotId": encode_id("Slot", 151), "patientId": encode_id("Patient", 2), "idempotencyKey": "once"}
    answer = await writer.ask(BOOK % shown, {"input": given}, viewer="service")
    assert answer.data["bookAppointment"]["appointment"]["id"]
    assert await recorded(clinic) == sorted(
        [
            (None, "service", "bookAppointment", "Appointment", 2),
            *((None, "service", "read", entity, 2) for entity in read),
        ],
        key=str,
    )


async def test_it_is_stored_before_the_answer_leaves(writer: Client, clinic: str) -> None:
    sql = await asyncpg.connect(clinic)
    await sql.execute("ALTER TABLE audit_records ADD CONSTRAINT nothing CHECK (false) NOT VALID")
    await sql.close()
    answered = True
    try:
        answer = await writer.ask(AGENDA, viewer="doctor")
        answered = answer.response.status_code == 200 and "appointments" in answer.response.text
    except asyncpg.CheckViolationError:
        answered = False
    assert not answered
