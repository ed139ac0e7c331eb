"""How many statements the busiest mutations take: the same over three rows of each and over thirty."""

from typing import Any

import asyncpg
import pytest

from server.embedded import create_database, drop_database
from tests.client import Client
from tests.scheduling.asks import gid, slot

TAKEN = "__typename userErrors { code }"
SHOWN = {"bookAppointment": "appointment { id status reason version }"}
"""What was just written is not read again, but when the key is sent again."""
COUNTS = {"holdSlot": 5, "bookAppointment": 4, "rescheduleAppointment": 12, "cancelAppointment": 11}
"""Without BEGIN and COMMIT: the key, the locks, the checks, the changes, what is written down."""


@pytest.mark.parametrize("mutation", list(COUNTS))
async def test_statements(postgres: str, clinic_database: tuple[str, int], mutation: str) -> None:
    source, rows = clinic_database
    connection = await asyncpg.connect(source)
    template = await connection.fetchval("SELECT current_database()")
    await connection.close()
    name = f"{template}_statements"
    dsn = await create_database(postgres, name, template=template)
    inputs: dict[str, dict[str, Any]] = {
        "holdSlot": {"slotId": slot(151)},
        "bookAppointment": {"slotId": slot(151), "reason": "x"},
        "rescheduleAppointment": {"appointmentId": gid("Appointment", 12), "slotId": slot(151)},
        "cancelAppointment": {"appointmentId": gid("Appointment", 12), "reason": "x"},
    }
    taken = f"{TAKEN} {SHOWN.get(mutation, '')}"
    document = (
        f"mutation ($input: {mutation[0].upper()}{mutation[1:]}Input!) {{ {mutation}(input: $input) {{ {taken} }} }}"
    )
    try:
        async with Client.of(dsn) as client:
            variables = {"input": {**inputs[mutation], "idempotencyKey": "k"}}
            answer = await client.ask(document, variables, viewer="patient")
            assert answer.data[mutation]["userErrors"] == []
            assert answer.statements == COUNTS[mutation], rows
            again = await client.ask(document, variables, viewer="patient")
            assert again.statements == 1 + (mutation in SHOWN)
            assert again.data == answer.data
    finally:
        await drop_database(postgres, name)
