"""Mutations of a doctor's schedule as short calls, for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from domain.scheduling.availability import ClinicDays, DatedException, Template
from domain.scheduling.calendar import plan
from schema.node import encode_id
from tests.client import Client

KEYS = count(1)
TEMPLATE = "id version weekday startsAt endsAt slotMinutes bufferMinutes capacity validFrom validUntil"
EXCEPTION = "id kind day startsAt endsAt slotMinutes reason clinic { id }"
GENERATED = "created removed kept skippedCount skipped { start reason slot { id } } stayed { id } doctor { id }"
SHOWN = {
    "setAvailabilityTemplate": f"availabilityTemplate {{ {TEMPLATE} }}",
    "removeAvailabilityTemplate": "doctor { id availabilityTemplates { id } }",
    "addAvailabilityException": f"availabilityException {{ {EXCEPTION} }}",
    "removeAvailabilityException": "doctor { id }",
    "generateSlots": GENERATED,
    "createSlots": "slots { id start end capacity isActive clinic { id } }",
    "deleteSlot": "doctor { id }",
    "deactivateSlot": "slot { id isActive bookedCount }",
    "reactivateSlot": "slot { id isActive bookedCount }",
}
D1, D2, D3, C1, C2, C3 = (encode_id(name, n) for name in ("Doctor", "Clinic") for n in (1, 2, 3))


async def sent(client: Client, mutation: str, viewer: str, **input: Any) -> Any:
    """The whole answer of a mutation, done with a key of its own unless one is given."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input!"
    shown = f"{SHOWN[mutation]} userErrors {{ code message field slot {{ id }} }}"
    input.setdefault("idempotencyKey", f"plan-{next(KEYS)}")
    document = f"mutation ($input: {kind}) {{ {mutation}(input: $input) {{ {shown} }} }}"
    return await client.ask(document, {"input": input}, viewer=viewer)


async def refused(client: Client, mutation: str, viewer: str, **input: Any) -> list[tuple[str, str | None]]:
    """The codes and fields of what a mutation refuses."""
    payload = (await sent(client, mutation, viewer, **input)).data[mutation]
    return [(error["code"], error["field"]) for error in payload["userErrors"]]


async def done(client: Client, mutation: str, viewer: str, **input: Any) -> dict[str, Any]:
    """The payload of a mutation that nothing refuses."""
    payload: dict[str, Any] = (await sent(client, mutation, viewer, **input)).data[mutation]
    assert payload.pop("userErrors") == []
    return payload


async def generate(client: Client, first: str, last: str, viewer: str = "admin", **more: Any) -> dict[str, Any]:
    """Generates doctor 1's slots, unless another is given."""
    return await done(client, "generateSlots", viewer, **{"doctorId": D1, "from": first, "to": last, **more})


def counts(payload: dict[str, Any]) -> tuple[int, int, int, int]:
    """Created, removed, kept, skipped."""
    return payload["created"], payload["removed"], payload["kept"], payload["skippedCount"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


Slot = tuple[int, datetime, datetime, datetime, int]


async def unbooked(connection: "asyncpg.Connection[Any]", doctor_id: int, after: datetime) -> set[Slot]:
    """The shapes of a doctor's active slots of the plan in which nobody has a seat."""
    rows = await connection.fetch(
        "SELECT clinic_id, starts_at, ends_at, blocked_until, capacity FROM slots WHERE doctor_id = $1 AND is_active"
        " AND booked_count = 0 AND held_count = 0 AND starts_at > $2 AND (template_id IS NOT NULL OR is_extra)",
        doctor_id,
        after,
    )
    return {tuple(row) for row in rows}


async def planned(
    connection: "asyncpg.Connection[Any]", doctor_id: int, first: date, last: date, after: datetime
) -> set[Slot]:
    """What the pure calendar plans beside the slots that stay."""
    templates = await connection.fetch(
        "SELECT * FROM availability_templates WHERE doctor_id = $1 AND removed_at IS NULL", doctor_id
    )
    exceptions = await connection.fetch("SELECT * FROM availability_exceptions WHERE doctor_id = $1", doctor_id)
    clinics = await connection.fetch(
        "SELECT c.id, c.time_zone, array(SELECT day FROM clinic_closures WHERE clinic_id = c.id) AS closures"
        " FROM doctor_clinics d JOIN clinics c ON c.id = d.clinic_id WHERE d.doctor_id = $1",
        doctor_id,
    )
    stay = await connection.fetch(
        "SELECT starts_at, blocked_until FROM slots WHERE doctor_id = $1 AND (booked_count > 0 OR held_count > 0"
        " OR (is_active AND template_id IS NULL AND NOT is_extra)"
        " OR (NOT is_active AND (template_id IS NOT NULL OR is_extra)) OR starts_at <= $2)",
        doctor_id,
        after,
    )
    found = plan(
        [Template.of(row) for row in templates],
        [DatedException.of(row) for row in exceptions],
        {row["id"]: ClinicDays(ZoneInfo(row["time_zone"]), frozenset(row["closures"])) for row in clinics},
        first=first,
        last=last,
        taken=[(row["starts_at"], row["blocked_until"]) for row in stay],
    )
    return {
        (slot.clinic_id, slot.starts_at, slot.ends_at, slot.blocked_until, slot.capacity)
        for slot in found.slots
        if slot.starts_at > after
    }


def days_after(day: date, n: int) -> str:
    return (day + timedelta(days=n)).isoformat()


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Any]:
    """A connection of its own to the database."""
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()
