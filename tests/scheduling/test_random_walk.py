"""Whatever many people do at once, in whatever order, while time goes on: nothing impossible happens.

Hypothesis says who asks for what; how it interleaves is the machine's affair, so a failure is not made smaller. With
RANDOM_WALKS=20 there are so many times as many walks.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import asyncpg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from auth.viewer import Viewer
from domain.scheduling.sweep import RUN_OUT, sweep
from domain.session import Session
from server.embedded import create_database, drop_database
from server.recount import recount
from tests.client import Client
from tests.clinic_data import NOW
from tests.scheduling import crowd
from tests.scheduling.asks import answer_of, appointment, at, gid, outcome, patient, server_over, slot
from tests.scheduling.crowd import CROWD, SQL, add_slot, set_policy
from tests.scheduling.invariants import INVARIANTS, broken

PEOPLE = CROWD[:14]
WORKER = Viewer(client_id="worker", is_service=True)
NUMBERS = count(1)
SHORT: dict[str, Any] = {
    "hold_time": timedelta(minutes=3),
    "offer_time": timedelta(minutes=5),
    "max_reschedules": 50,
}
POLICIES: dict[str, dict[str, Any]] = {
    "STAFF": SHORT,
    "AUTOMATIC": SHORT,
    "PAYMENT": {**SHORT, "payment_window": timedelta(minutes=4)},
}
SLOTS = [(15, 13, 1), (15, 14, 2), (16, 13, 1), (16, 14, 3), (17, 13, 1), (18, 13, 2)]
"""Day, hour and seats: few that many want, today and later, of two doctors whose times overlap."""

Asked = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Wish:
    """What somebody would ask for; the numbers say who, on which of the things there are, and for which slot."""

    name: str
    who: int
    which: int
    where: int
    by_clinic: bool


@dataclass
class World:
    """What can be asked for, read anew before each step."""

    slots: list[int]
    appointments: list[asyncpg.Record]
    holds: list[asyncpg.Record]
    offers: list[asyncpg.Record]
    entries: list[asyncpg.Record]

    def asked(self, wish: Wish) -> Asked:
        """A booking, if what is wished for is not there."""
        return ASKS[wish.name](self, wish) or self.book("bookAppointment", wish)

    def book(self, mutation: str, wish: Wish) -> Asked:
        who, wanted = PEOPLE[wish.who], slot(self.slots[wish.where])
        if wish.by_clinic:
            return mutation, "staff", {"slotId": wanted, "patientId": patient(who)}
        return mutation, f"patient {who}", {"slotId": wanted}


async def look(sql: SQL, slots: list[int]) -> World:
    latest = "ORDER BY id DESC LIMIT 10"
    return World(
        slots,
        await sql.fetch(f"SELECT id, patient_id FROM appointments WHERE id > 40 {latest}"),
        await sql.fetch(f"SELECT id, patient_id FROM holds WHERE patient_id > 5000 {latest}"),
        await sql.fetch(
            "SELECT o.id, e.patient_id FROM waitlist_offers o JOIN waitlist_entries e ON e.id = o.entry_id "
            "ORDER BY o.id DESC LIMIT 10"
        ),
        await sql.fetch(f"SELECT id, patient_id FROM waitlist_entries {latest}"),
    )


Make = Callable[[World, Wish], Asked | None]


def on(rows: str, type_name: str, field: str, mutation: str, viewer: str | None = None, **more: Any) -> Make:
    """Something about one of `rows`, by whose it is or by a viewer."""

    def make(world: World, wish: Wish) -> Asked | None:
        if not (found := getattr(world, rows)):
            return None
        row = found[wish.which % len(found)]
        return mutation, viewer or f"patient {row['patient_id']}", {field: gid(type_name, row["id"]), **more}

    return make


def on_hold(mutation: str) -> Make:
    return on("holds", "Hold", "holdId", mutation)


def on_offer(mutation: str) -> Make:
    return on("offers", "WaitlistOffer", "offerId", mutation)


def on_visit(mutation: str, viewer: str | None = "staff", **more: Any) -> Make:
    return on("appointments", "Appointment", "appointmentId", mutation, viewer, **more)


def move(world: World, wish: Wish) -> Asked | None:
    there = slot(world.slots[wish.where])
    return on_visit("rescheduleAppointment", None, slotId=there)(world, wish)


def join(world: World, wish: Wish) -> Asked:
    who = PEOPLE[wish.who]
    giving_up = [each["id"] for each in world.appointments if each["patient_id"] == who and not wish.by_clinic]
    more = {"appointmentId": appointment(giving_up[0])} if giving_up else {}
    return "joinWaitlist", f"patient {who}", {"doctorIds": [gid("Doctor", 1 + wish.where % 2)], **more}


ASKS: dict[str, Make] = {
    "book": lambda world, wish: world.book("bookAppointment", wish),
    "hold": lambda world, wish: world.book("holdSlot", wish),
    "book the hold": on_hold("bookAppointment"),
    "renew": on_hold("renewHold"),
    "release": on_hold("releaseHold"),
    "move": move,
    "cancel": on_visit("cancelAppointment", None, reason="ill"),
    "cancel by the clinic": on_visit("cancelAppointment", reason="ill"),
    "decline": on_visit("declineAppointment", reason="no"),
    "join": join,
    "leave": on("entries", "WaitlistEntry", "waitlistEntryId", "leaveWaitlist"),
    "accept": on_offer("acceptOffer"),
    "turn down": on_offer("declineOffer"),
    "confirm": on_visit("confirmAppointment"),
    "check in": on_visit("checkIn"),
    "start": on_visit("startVisit"),
    "complete": on_visit("completeVisit"),
    "miss": on_visit("markNoShow"),
}
DONE_BY_ANY_WALK = {"bookAppointment", "holdSlot", "cancelAppointment"}
OF_A_SLOT = st.integers(0, 2 * len(SLOTS) - 1)
SECONDS = st.integers(0, 150)
"""So much time goes by afterwards."""


def wishes(*often: str, least: int = 6) -> st.SearchStrategy[list[Wish]]:
    """Anything; these more often. Each rule has all of it, as hypothesis leaves rules out of a walk."""
    who = st.integers(0, len(PEOPLE) - 1)
    name = st.sampled_from([*ASKS, *often * 3])
    return st.lists(
        st.builds(Wish, name, who, st.integers(0, 9), OF_A_SLOT, st.booleans()), min_size=least, max_size=12
    )


class Walk(RuleBasedStateMachine):
    """Two servers over a database of its own. `found` counts what came of all that was asked."""

    def __init__(self, postgres: str, template: str, found: "Counter[tuple[str, str]]") -> None:
        super().__init__()
        self.now = NOW
        self.postgres, self.found = postgres, found
        self.database = f"test_{os.getpid()}_walk_{next(NUMBERS)}"
        self.runner, self.stack = asyncio.Runner(), AsyncExitStack()
        self.runner.run(self.begin(template))

    async def begin(self, template: str) -> None:
        self.dsn = await create_database(self.postgres, self.database, template=template)
        await crowd.load(self.dsn)
        self.sql: SQL = await asyncpg.connect(self.dsn)
        await self.sql.execute("UPDATE doctors SET daily_patient_limit = 5 WHERE id = 1")
        self.slots = [
            await add_slot(self.sql, at(day, f"{hour}:{10 * (doctor - 1):02}"), doctor=doctor, capacity=capacity)
            for day, hour, capacity in SLOTS
            for doctor in (1, 2)
        ]
        self.servers: list[Client] = [
            await self.stack.enter_async_context(server_over(self.dsn, lambda: self.now)) for _ in range(2)
        ]

    @initialize(confirmation=st.sampled_from(sorted(POLICIES)))
    def has_a_policy(self, confirmation: str) -> None:
        self.the_policy_changes(confirmation)

    @rule(confirmation=st.sampled_from(sorted(POLICIES)))
    def the_policy_changes(self, confirmation: str) -> None:
        self.runner.run(set_policy(self.sql, confirmation=confirmation, **POLICIES[confirmation]))

    @rule(wishes=wishes("book", "hold", "book the hold"), seconds=SECONDS)
    def seats_are_taken(self, wishes: list[Wish], seconds: int) -> None:
        self.all_at_once(wishes, seconds)

    @rule(wishes=wishes("book", "cancel", "cancel by the clinic", "move"), seconds=SECONDS)
    def seats_are_freed(self, wishes: list[Wish], seconds: int) -> None:
        self.all_at_once(wishes, seconds)

    @rule(wishes=wishes("book", "join", "accept", "cancel by the clinic"), seconds=SECONDS)
    def freed_seats_are_offered(self, wishes: list[Wish], seconds: int) -> None:
        self.all_at_once(wishes, seconds)

    @rule(wishes=wishes("book", "confirm", "check in", "start", "complete"), seconds=SECONDS)
    def visits_go_on(self, wishes: list[Wish], seconds: int) -> None:
        self.all_at_once(wishes, seconds)

    @rule(wishes=wishes(least=0), rush=st.sampled_from(["book", "hold"]), where=OF_A_SLOT, seconds=SECONDS)
    def everybody_wants_the_same(self, wishes: list[Wish], rush: str, where: int, seconds: int) -> None:
        everybody = [Wish(rush, n, 0, where, by_clinic=False) for n in range(len(PEOPLE))]
        self.all_at_once([*everybody, *wishes], seconds)

    def all_at_once(self, wishes: list[Wish], seconds: int) -> None:
        self.runner.run(self.ask(wishes, sweeping=bool(seconds % 2)))
        self.now += timedelta(seconds=seconds)

    async def ask(self, wishes: list[Wish], *, sweeping: bool) -> None:
        world = await look(self.sql, self.slots)
        asked = [world.asked(wish) for wish in wishes]
        swept = asyncio.ensure_future(self.sweep()) if sweeping else None
        answers = await asyncio.gather(
            *(answer_of(self.servers[n % 2], name, viewer, **given) for n, (name, viewer, given) in enumerate(asked))
        )
        if swept is not None:
            await swept
        came = [(name, outcome(answer, name)) for (name, _, _), answer in zip(asked, answers, strict=True)]
        self.found.update(came)
        assert {code for _, code in came}.isdisjoint({"INTERNAL_SERVER_ERROR", "BAD_USER_INPUT"}), came

    async def sweep(self) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            for row in await connection.fetch(RUN_OUT, self.now):
                async with connection.transaction():
                    session = Session(connection, WORKER, self.now, "walk", "sweep")
                    await sweep(session, row["slot_id"])
                    await session.write_down()
        finally:
            await connection.close()

    @invariant()
    def nothing_is_broken(self) -> None:
        self.runner.run(self.check())

    async def check(self) -> None:
        found = {name: [tuple(row) for row in await self.sql.fetch(query)] for name, query in INVARIANTS.items()}
        assert {name: rows for name, rows in found.items() if rows} == {}
        assert list(await recount(self.dsn)) == []

    def teardown(self) -> None:
        with self.runner:
            self.runner.run(self.end())

    async def end(self) -> None:
        await self.stack.aclose()
        await self.sql.close()
        left = await broken(self.dsn)
        await drop_database(self.postgres, self.database)
        assert left == {}


def test_walks(postgres: str, clinic_template: str) -> None:
    found: Counter[tuple[str, str]] = Counter()

    class WalkHere(Walk):
        def __init__(self) -> None:
            super().__init__(postgres, clinic_template, found)

    run_state_machine_as_test(
        WalkHere,
        settings=settings(
            max_examples=7 * int(os.environ.get("RANDOM_WALKS", "1")),
            stateful_step_count=24,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),  # a busy machine is no failure
        ),
    )
    missing = DONE_BY_ANY_WALK - {name for name, came in found if came == "done"}
    assert not missing, found
