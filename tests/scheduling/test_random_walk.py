"""Whatever many people do at once, in whatever order, while time goes on: nothing impossible happens.

A walk is drawn from its number, so the same number asks the same things; how they interleave is the machine's affair.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from auth.viewer import Viewer
from domain.scheduling.sweep import RUN_OUT, sweep
from domain.session import Session
from tests.client import Client
from tests.clinic_data import NOW
from tests.scheduling.asks import answer_of, appointment, at, gid, outcome, patient, server_over, slot
from tests.scheduling.crowd import CROWD, SQL, add_slot, set_policy
from tests.scheduling.invariants import broken

ROUNDS = 120
AT_ONCE = 12
PEOPLE = CROWD[:14]
WORKER = Viewer(client_id="worker", is_service=True)

Asked = tuple[str, str, dict[str, Any]]


@dataclass
class World:
    """What the walk may name, read anew before each round."""

    chance: random.Random
    slots: list[int]
    now: datetime = NOW
    appointments: list[Any] = field(default_factory=list)
    holds: list[Any] = field(default_factory=list)
    offers: list[Any] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)

    async def look(self, sql: SQL) -> None:
        latest = "ORDER BY id DESC LIMIT 10"
        self.appointments = await sql.fetch(f"SELECT id, patient_id FROM appointments WHERE id > 40 {latest}")
        self.holds = await sql.fetch(f"SELECT id, patient_id FROM holds WHERE patient_id > 5000 {latest}")
        self.offers = await sql.fetch(
            "SELECT o.id, e.patient_id FROM waitlist_offers o JOIN waitlist_entries e ON e.id = o.entry_id "
            "ORDER BY o.id DESC LIMIT 10"
        )
        self.entries = await sql.fetch(f"SELECT id, patient_id FROM waitlist_entries {latest}")

    def ask(self) -> Asked:
        """Something that somebody asks for."""
        name = self.chance.choice(NAMES)
        return ASKS[name](self) or self.book("bookAppointment")

    def book(self, mutation: str) -> Asked:
        who, wanted = self.chance.choice(PEOPLE), slot(self.chance.choice(self.slots))
        if self.chance.random() < 0.3:
            return mutation, "staff", {"slotId": wanted, "patientId": patient(who)}
        return mutation, f"patient {who}", {"slotId": wanted}

    def one_of(self, rows: list[Any], type_name: str) -> tuple[str, str] | None:
        """The id of something, and whose it is."""
        if not rows:
            return None
        row = self.chance.choice(rows)
        return gid(type_name, row["id"]), f"patient {row['patient_id']}"


def on(rows: str, type_name: str, field: str, viewer: str | None = None, **more: Any) -> "Callable[[str], Make]":
    def named(mutation: str) -> "Make":
        def make(world: World) -> Asked | None:
            found = world.one_of(getattr(world, rows), type_name)
            return None if found is None else (mutation, viewer or found[1], {field: found[0], **more})

        return make

    return named


Make = Callable[[World], Asked | None]
ON_VISIT = on("appointments", "Appointment", "appointmentId", "staff")


def move(world: World) -> Asked | None:
    found = world.one_of(world.appointments, "Appointment")
    there = slot(world.chance.choice(world.slots))
    return None if found is None else ("rescheduleAppointment", found[1], {"appointmentId": found[0], "slotId": there})


def join(world: World) -> Asked:
    who = world.chance.choice(PEOPLE)
    giving_up = [each["id"] for each in world.appointments if each["patient_id"] == who]
    more = {"appointmentId": appointment(giving_up[0])} if giving_up and world.chance.random() < 0.5 else {}
    return "joinWaitlist", f"patient {who}", {"doctorIds": [gid("Doctor", world.chance.choice([1, 2]))], **more}


ASKS: dict[str, Make] = {
    "bookAppointment": lambda world: world.book("bookAppointment"),
    "holdSlot": lambda world: world.book("holdSlot"),
    "bookTheHold": on("holds", "Hold", "holdId")("bookAppointment"),
    "rescheduleAppointment": move,
    "joinWaitlist": join,
    **{name: on("holds", "Hold", "holdId")(name) for name in ("renewHold", "releaseHold")},
    **{name: on("offers", "WaitlistOffer", "offerId")(name) for name in ("acceptOffer", "declineOffer")},
    "leaveWaitlist": on("entries", "WaitlistEntry", "waitlistEntryId")("leaveWaitlist"),
    "cancelAppointment": on("appointments", "Appointment", "appointmentId", reason="ill")("cancelAppointment"),
    "cancelByClinic": on("appointments", "Appointment", "appointmentId", "staff", reason="ill")("cancelAppointment"),
    "declineAppointment": on("appointments", "Appointment", "appointmentId", "staff", reason="no")(
        "declineAppointment"
    ),
    **{name: ON_VISIT(name) for name in ("confirmAppointment", "checkIn", "startVisit", "completeVisit", "markNoShow")},
}
WEIGHTS = {
    "bookAppointment": 4,
    "holdSlot": 3,
    "bookTheHold": 3,
    "joinWaitlist": 3,
    "acceptOffer": 3,
    "cancelByClinic": 2,
}
DONE_BY_ANY_WALK = {"bookAppointment", "holdSlot", "cancelAppointment", "joinWaitlist", "acceptOffer"}
NAMES = [name for name in ASKS for _ in range(WEIGHTS.get(name, 1))]


@pytest.fixture
async def world(crowded: str, sql: SQL) -> World:
    """Few slots that many want: today and later, of two doctors whose times overlap, with one seat or some."""
    await sql.execute("UPDATE doctors SET daily_patient_limit = 5 WHERE id = 1")
    short: dict[str, Any] = {
        "hold_time": timedelta(minutes=3),
        "offer_time": timedelta(minutes=5),
        "max_reschedules": 50,
    }
    await set_policy(sql, confirmation="STAFF", **short)
    slots = [
        await add_slot(sql, at(day, f"{hour}:{10 * (doctor - 1):02}"), doctor=doctor, clinic=1, capacity=capacity)
        for day, hour, capacity in ((15, 13, 1), (15, 14, 2), (16, 13, 1), (16, 14, 3), (17, 13, 1), (18, 13, 2))
        for doctor in (1, 2)
    ]
    return World(random.Random(0), slots)


@pytest.fixture
async def servers(crowded: str, world: World) -> AsyncIterator[list[Client]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(server_over(crowded, lambda: world.now)) for _ in range(2)]
    assert await broken(crowded) == {}


async def sweep_once(dsn: str, now: datetime) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for row in await connection.fetch(RUN_OUT, now):
            async with connection.transaction():
                session = Session(connection, WORKER, now, "walk", "sweep")
                await sweep(session, row["slot_id"])
                await session.write_down("worker", None, {})
    finally:
        await connection.close()


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_walk(world: World, servers: list[Client], sql: SQL, crowded: str, number: int) -> None:
    world.chance.seed(number)
    found: Counter[tuple[str, str]] = Counter()
    for rounds in range(ROUNDS):
        if rounds == ROUNDS // 2:
            await set_policy(
                sql,
                confirmation="PAYMENT",
                payment_window=timedelta(minutes=4),
                hold_time=timedelta(minutes=3),
                offer_time=timedelta(minutes=5),
                max_reschedules=50,
            )
        await world.look(sql)
        asked = [world.ask() for _ in range(AT_ONCE)]
        sweeping = world.chance.random() < 0.3
        swept = asyncio.ensure_future(sweep_once(crowded, world.now)) if sweeping else None
        answers = await asyncio.gather(
            *(
                answer_of(world.chance.choice(servers), name, viewer, **given, idempotencyKey=f"{rounds} {n}")
                for n, (name, viewer, given) in enumerate(asked)
            )
        )
        if swept is not None:
            await swept
        found.update((name, outcome(answer, name)) for (name, _, _), answer in zip(asked, answers, strict=True))
        world.now += timedelta(seconds=world.chance.randrange(120))
    assert {came for _, came in found}.isdisjoint({"INTERNAL_SERVER_ERROR", "BAD_USER_INPUT"}), found
    missing = DONE_BY_ANY_WALK - {name for name, came in found if came == "done"}
    assert not missing, found
