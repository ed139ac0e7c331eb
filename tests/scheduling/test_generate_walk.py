"""generateSlots, whatever the calendar becomes."""

import asyncio
import os
from datetime import date
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.node import encode_id
from server.embedded import create_database, drop_database
from tests.client import Client
from tests.clinic_data import NOW
from tests.scheduling import asks
from tests.scheduling.planning import C1, C2, D2, at, connected, days_after, done, generate, planned, sent, unbooked

FIRST, LAST = date(2026, 10, 23), date(2026, 10, 27)  # Berlin's clocks change on the 25th, New York's do not
clock = st.integers(0, 23 * 2).map(lambda n: f"{n // 2:02}:{n % 2 * 30:02}")
clocks = st.tuples(clock, clock).filter(lambda pair: pair[0] < pair[1])
template = st.fixed_dictionaries(
    {
        "clinicId": st.sampled_from([C1, C2]),
        "weekday": st.integers(1, 7),
        "hours": clocks,
        "slotMinutes": st.sampled_from([30, 25, 45]),
        "bufferMinutes": st.sampled_from([0, 10]),
        "capacity": st.integers(1, 3),
    }
)
exception = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["LEAVE", "HOLIDAY", "EXTRA_HOURS"]),
        "clinicId": st.sampled_from([C1, C2]),
        "day": st.integers(0, 4).map(lambda n: days_after(FIRST, n)),
        "hours": clocks,
    }
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(template, min_size=1, max_size=5),
    st.lists(st.lists(exception, max_size=3), min_size=1, max_size=3),
    st.lists(st.integers(0, 10**6), max_size=5),
)
def test_whatever_the_calendar_becomes_bookings_stay_and_the_rest_follows(
    postgres: str,
    clinic_template: str,
    templates: list[dict[str, Any]],
    rounds: list[list[dict[str, Any]]],
    picks: list[int],
) -> None:
    asyncio.run(_walk(postgres, clinic_template, templates, rounds, picks))


async def _walk(
    postgres: str,
    clinic_template: str,
    templates: list[dict[str, Any]],
    rounds: list[list[dict[str, Any]]],
    picks: list[int],
) -> None:
    name = f"test_{os.getpid()}_walk"
    dsn = await create_database(postgres, name, template=clinic_template)
    try:
        async with Client.of(dsn) as client, connected(dsn) as connection:
            for each in templates:
                starts_at, ends_at = each["hours"]
                more = {name: each[name] for name in each if name != "hours"}
                wanted = {"doctorId": D2, "startsAt": starts_at, "endsAt": ends_at, "validFrom": "2026-01-01", **more}
                await sent(client, "setAvailabilityTemplate", "admin", **wanted)  # some hours are too short
            taken: set[int] = set()
            for exceptions in rounds:
                for each in exceptions:
                    starts_at, ends_at = each["hours"]
                    extra = {"slotMinutes": 30} if each["kind"] == "EXTRA_HOURS" else {}
                    more = {name: each[name] for name in each if name != "hours"}
                    wanted = {"doctorId": D2, "startsAt": starts_at, "endsAt": ends_at, **more, **extra}
                    await done(client, "addAvailabilityException", "admin", **wanted)
                await generate(client, FIRST.isoformat(), LAST.isoformat(), doctorId=D2)
                again = await generate(client, FIRST.isoformat(), LAST.isoformat(), doctorId=D2)
                assert again["created"] == again["removed"] == 0
                rows = await connection.fetch(
                    "SELECT * FROM slots WHERE doctor_id = 2 AND starts_at > '2026-10-01' ORDER BY starts_at"
                )
                active = [row for row in rows if row["is_active"] or row["booked_count"]]
                assert all(one["blocked_until"] <= other["starts_at"] for one, other in pairwise(active))
                assert taken <= {row["id"] for row in rows if row["is_active"] and row["booked_count"]}
                after = at("2026-10-01T00:00Z")
                assert await unbooked(connection, 2, after) == await planned(connection, 2, FIRST, LAST, NOW)
                free = [row["id"] for row in active if not row["booked_count"]]
                for pick in picks if free else ():
                    slot_id = free[pick % len(free)]
                    payload = await asks.do(client, "bookAppointment", "patient", slotId=encode_id("Slot", slot_id))
                    if payload["appointment"] is not None:
                        taken.add(slot_id)
    finally:
        await drop_database(postgres, name)
