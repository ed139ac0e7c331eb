"""Requests that look up the same at the same time share statements, and nothing else."""

import asyncio
from typing import Any

import asyncpg

from loaders.providers.doctors import DoctorById
from loaders.reads import Pools, Reads
from loaders.shared_lookups import MOST_KEYS
from schema.node import encode_id
from tests.client import VIEWERS, Answer, Client
from tests.clinic_data import NOW

VISIT = "query Visit($id: ID!) { appointment(id: $id) { id reason patient { name } } }"
VISITORS = ("service", "admin", "staff", "staff of another", "doctor", "doctor of another", "patient", "stranger")


def lookups(client: Client) -> list[str]:
    """The look-ups that are sent from now on."""
    pools: Pools = client.app.endpoint.pools
    fetch, sent = pools.lookups.fetch, []

    async def spy(text: str, *more: Any) -> Any:
        sent.append(text)
        return await fetch(text, *more)

    pools.lookups.fetch = spy  # type: ignore[method-assign,assignment]
    return sent


async def test_doctors_of_many_requests_come_in_few_statements(client: Client) -> None:
    asked = "query Doctor($id: ID!) { doctor(id: $id) { id specialty } }"
    sent = lookups(client)
    ids = [encode_id("Doctor", number) for number in (1, 2, 3, 1, 999, 2) * 4]
    answers = await asyncio.gather(*(client.ask(asked, {"id": each}) for each in ids))
    nobody = encode_id("Doctor", 999)
    doctors = [answer.data["doctor"] for answer in answers]
    assert [doctor and doctor["id"] for doctor in doctors] == [None if each == nobody else each for each in ids]
    assert len(sent) < len(ids)


async def test_each_sees_what_she_sees_alone(client: Client) -> None:
    asked = [(viewer, {"id": encode_id("Appointment", number)}) for viewer in VISITORS for number in (11, 12, 13)]

    async def ask(viewer: str, variables: dict[str, Any]) -> tuple[Any, list[str]]:
        answer: Answer = await client.ask(VISIT, variables, viewer=viewer)
        return answer.body["data"], answer.codes

    alone = [await ask(*each) for each in asked]
    assert any(data["appointment"] is None for data, _ in alone)
    assert any(data["appointment"] is not None for data, _ in alone)
    sent = lookups(client)
    assert await asyncio.gather(*(ask(*each) for each in asked * 3)) == alone * 3
    assert len([text for text in sent if "FROM appointments" in text]) < 3 * len(asked)


async def test_every_request_is_recorded_though_one_statement_records_several(writer: Client, clinic: str) -> None:
    asked = [(viewer, 11 + number % 3) for viewer in ("admin", "service") for number in range(9)]
    sent = lookups(writer)
    answers = await asyncio.gather(
        *(writer.ask(VISIT, {"id": encode_id("Appointment", number)}, viewer=viewer) for viewer, number in asked)
    )
    assert all(answer.data["appointment"] is not None for answer in answers)
    assert len([text for text in sent if "INSERT INTO audit_records" in text]) < len(asked)
    sql = await asyncpg.connect(clinic)
    rows = await sql.fetch("""
        SELECT r.user_id, r.request_id, r.entity, a.id FROM audit_records r JOIN appointments a USING (patient_id)
        WHERE a.id IN (11, 12, 13) AND r.action = 'read'
    """)
    await sql.close()
    assert len({row["request_id"] for row in rows}) == len(asked)
    seen = [(row["user_id"], row["id"], row["entity"]) for row in rows]
    expected = [(VIEWERS[viewer].user_id, number, "Appointment,Patient") for viewer, number in asked]
    assert set(expected) <= set(seen)


async def test_large_ones_go_by_themselves(client: Client) -> None:
    sent = lookups(client)

    async def read(most: int) -> list[int]:
        reads = Reads(client.app.endpoint.pools, VIEWERS["admin"], NOW)
        return [row["id"] for row in await DoctorById(reads).load_level(range(1, most + 1)) if row is not None]

    assert await asyncio.gather(*(read(MOST_KEYS) for _ in range(5))) == [[1, 2, 3]] * 5
    assert len(sent) == 2
    assert await asyncio.gather(*(read(MOST_KEYS + 1) for _ in range(5))) == [[1, 2, 3]] * 5
    assert len(sent) == 2 + 5
