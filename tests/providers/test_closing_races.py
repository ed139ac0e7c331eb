"""A clinic is closed while slots are being made there: whoever comes first, no slot is left on the closed day."""

import asyncio
from typing import Any

import pytest

from tests.client import Client
from tests.providers.asks import do, done, gid, server_over
from tests.scheduling import planning
from tests.scheduling.locks import holding

D1, C1 = gid("Doctor", 1), gid("Clinic", 1)
DAYS = {"doctorId": D1, "from": "2026-06-22", "to": "2026-07-05"}
CLOSED = {"clinicId": C1, "day": "2026-06-23", "appointments": "CANCEL", "reason": "Flood"}
ON_THE_DAY = "SELECT count(*) FROM slots WHERE clinic_id = 1 AND is_active AND local_day = '2026-06-23'"
A_SLOT = "SELECT FROM slots WHERE local_day = '2026-06-30' ORDER BY id LIMIT 1 FOR UPDATE"


async def plan_tuesdays(client: Client) -> None:
    """Slots of half an hour, which the next generation makes anew of twenty minutes."""
    given = {"doctorId": D1, "clinicId": C1, "weekday": 2, "startsAt": "09:00", "endsAt": "12:00", "slotMinutes": 30}
    template = await planning.done(client, "setAvailabilityTemplate", "admin", **given)
    await planning.done(client, "generateSlots", "admin", **DAYS)
    template_id = template["availabilityTemplate"]["id"]
    await planning.done(client, "setAvailabilityTemplate", "admin", id=template_id, version=1, slotMinutes=20)


async def test_a_closing_day_waits_for_a_generation_under_way(desk: Client, clinic: str, sql: Any) -> None:
    await plan_tuesdays(desk)
    async with holding(clinic, A_SLOT) as holder:
        generation = asyncio.create_task(planning.done(desk, "generateSlots", "admin", **DAYS))
        await holder.until_waiting(1)  # it has read which days are closed
        closing = asyncio.create_task(done(desk, "addClosingDay", "admin", **CLOSED))
        await holder.until_waiting(2)
        await holder.let_go()
        assert (await generation)["created"] > 0
        await closing
    assert await sql.fetchval(ON_THE_DAY) == 0


@pytest.mark.parametrize("mutation", ["generateSlots", "createSlots"])
async def test_a_clinic_that_closes_waits_for_slots_that_are_being_made(
    desk: Client, clinic: str, sql: Any, mutation: str
) -> None:
    await plan_tuesdays(desk)
    one = {"start": "2026-06-24T09:00:00Z", "durationMinutes": 30}
    given = DAYS if mutation == "generateSlots" else {"doctorId": D1, "clinicId": C1, "slots": [one]}
    async with holding(clinic, "SELECT FROM doctors WHERE id = 1 FOR UPDATE") as holder:
        making = asyncio.create_task(planning.done(desk, mutation, "admin", **given))
        await holder.until_waiting(1)
        closing = asyncio.create_task(
            done(desk, "deactivateClinic", "admin", clinicId=C1, appointments="CANCEL", reason="Flood")
        )
        await holder.until_waiting(2)
        await holder.let_go()
        await asyncio.gather(making, closing)
    active = "SELECT count(*) FROM slots WHERE clinic_id = 1 AND is_active AND starts_at > '2026-06-15T12:00Z'"
    assert await sql.fetchval(active) == 0


async def test_many_generations_and_closing_days_at_once(desk: Client, clinic: str, sql: Any) -> None:
    await plan_tuesdays(desk)
    async with server_over(clinic) as other:
        for n in range(4):
            generations = [planning.sent((desk, other)[i % 2], "generateSlots", "admin", **DAYS) for i in range(4)]
            await asyncio.gather(*generations[:2], do(other, "addClosingDay", "admin", **CLOSED), *generations[2:])
            assert await sql.fetchval(ON_THE_DAY) == 0, n
            await done(desk, "removeClosingDay", "admin", clinicId=C1, day="2026-06-23")
            await planning.done(desk, "generateSlots", "admin", **DAYS)
