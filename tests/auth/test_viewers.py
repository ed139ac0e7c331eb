"""From a token to a viewer: what counts of a user, for how long it is kept, and who an external issuer's people are."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from asyncpg import Record

from auth.revocations import Revocations
from auth.scopes import Scope, of_roles
from auth.tokens import CannotVerify, InvalidToken, TokenVerifier
from auth.viewer import Viewer
from auth.viewers import Viewers
from models.enums import Role
from server.oauth.verifying import own_tokens
from tests.auth.test_tokens import Issuer, minted
from tests.auth.world import START, World

READING = frozenset({"appointment:read", "patient:read", "payout:read"})
PLACES = """
    INSERT INTO clinics (id, name, address, city, postal_code, country, latitude, longitude, time_zone, currency)
      VALUES (1, 'One', 'x', 'x', '1', 'DE', 1, 1, 'UTC', 'EUR'), (2, 'Two', 'x', 'x', '1', 'DE', 1, 1, 'UTC', 'EUR')
      ON CONFLICT DO NOTHING;
    INSERT INTO doctors (id, user_id, status, specialty, licence_number, years_of_experience,
                         consultation_fee_minor, currency) VALUES (20, 2, 'APPROVED', 'x', 'L20', 1, 1, 'EUR');
    INSERT INTO patients (id, user_id) VALUES (2200, 2), (3300, 3);
"""


@dataclass
class Reading:
    """Runs statements on one connection, and counts them."""

    sql: "asyncpg.Connection[Any]"
    count: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, text: str, arguments: Sequence[object], row_type: type[Record]) -> list[Record]:
        self.count += 1
        rows: list[Record] = await self.sql.fetch(text, *arguments, record_class=row_type)
        self.begun.set()
        await self.gate.wait()
        return rows


@dataclass
class Asking:
    """The viewers of one process."""

    viewers: Viewers
    reading: Reading
    revocations: Revocations

    async def told(self, since: int) -> None:
        """Waits until something was heard of since."""
        async with asyncio.timeout(20):
            while self.viewers._changes == since:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def asking(world: World, verifier: TokenVerifier | None = None) -> AsyncIterator[Asking]:
    sql = await asyncpg.connect(world.dsn)
    try:
        async with Revocations.listening(world.dsn, world.clock) as revocations:
            reading = Reading(sql)
            reading.gate.set()
            used = verifier or own_tokens(world.edge, revocations)
            yield Asking(Viewers(used, reading, revocations, world.clock), reading, revocations)
    finally:
        await sql.close()


@pytest.fixture
async def places(world: World) -> AsyncIterator[World]:
    """The world with profiles: Dan is a doctor and once was a patient, Pat is a patient."""
    await world.sql.execute(PLACES)
    yield world
    await world.sql.execute("DELETE FROM staff; DELETE FROM doctors; DELETE FROM patients; DELETE FROM clinics")


async def changing(world: World, it: Asking, statement: str) -> None:
    before = it.viewers._changes
    await world.sql.execute(statement)
    await it.told(before)


async def test_a_viewer_is_what_the_user_is_and_the_token_allows(places: World) -> None:
    token = await minted(places, user_id=2, scopes=READING)
    async with asking(places) as it:
        doctor = await it.viewers.of(token)
        asked = Viewer(2, "web", False, frozenset({Role.DOCTOR}), READING, doctor_id=20)
        assert doctor == replace(asked, signed_in_at=doctor.signed_in_at)
        assert doctor.patient_id is None, "a profile counts while its role is held"
        patient = await it.viewers.of(await minted(places, user_id=3, scopes=READING))
        assert (patient.patient_id, patient.scopes) == (3300, READING - {"payout:read"})
        service = await it.viewers.of(await minted(places, user_id=None, client_id="service", scopes=READING))
        assert service == Viewer(client_id="service", is_service=True, scopes=READING)
        assert service.sight.everything
        assert not doctor.sight.everything


async def test_what_is_known_asks_no_database(places: World) -> None:
    token, other = await minted(places, user_id=2), await minted(places, user_id=2)
    async with asking(places) as it:
        first = await it.viewers.of(token)
        for each in (token, other, token):
            assert await it.viewers.of(each) == first
        places.clock.move(minutes=5)
        await it.viewers.of(token)
        assert it.reading.count == 1
        places.clock.move(minutes=11)
        with pytest.raises(InvalidToken, match="expired"):
            await it.viewers.of(token)


CHANGES = {
    "a role given": (
        "INSERT INTO user_roles (user_id, role) VALUES (2, 'PATIENT')",
        {"patient_id": 2200, "roles": frozenset({Role.DOCTOR, Role.PATIENT})},
    ),
    "a role taken": (
        "DELETE FROM user_roles WHERE user_id = 2",
        {"doctor_id": None, "roles": frozenset(), "scopes": frozenset()},
    ),
    "a role exchanged": (
        "UPDATE user_roles SET role = 'PATIENT' WHERE user_id = 2",
        {"doctor_id": None, "patient_id": 2200, "scopes": READING - {"payout:read"}},
    ),
    "a profile taken": ("DELETE FROM doctors WHERE user_id = 2", {"doctor_id": None}),
    "a profile that becomes another's": ("UPDATE doctors SET user_id = 1 WHERE id = 20", {"doctor_id": None}),
    "work somewhere": (
        (
            "INSERT INTO user_roles (user_id, role) VALUES (2, 'STAFF');"
            "INSERT INTO staff (user_id, clinic_id, role) VALUES (2, 2, 'STAFF'), (2, 1, 'STAFF')"
        ),
        {"clinic_ids": (1, 2)},
    ),
    "work in a role that is not held": (
        (
            "INSERT INTO user_roles (user_id, role) VALUES (2, 'STAFF');"
            "INSERT INTO staff (user_id, clinic_id, role) VALUES (2, 2, 'MANAGER'), (2, 1, 'STAFF')"
        ),
        {"clinic_ids": (1,)},
    ),
}


@pytest.mark.parametrize(("statement", "expected"), CHANGES.values(), ids=CHANGES)
async def test_a_change_counts_from_the_next_request_on(
    places: World, statement: str, expected: dict[str, object]
) -> None:
    token = await minted(places, user_id=2, scopes=READING)
    async with asking(places) as it:
        assert (await it.viewers.of(token)).doctor_id == 20
        await changing(places, it, statement)
        changed = await it.viewers.of(token)
    assert {name: getattr(changed, name) for name in expected} == expected


async def test_work_ends_at_its_moment(places: World) -> None:
    token = await minted(places, user_id=2)
    await places.sql.execute("INSERT INTO user_roles (user_id, role) VALUES (2, 'STAFF')")
    sooner, later = START + timedelta(seconds=20), START + timedelta(minutes=5)
    insert = "INSERT INTO staff (user_id, clinic_id, role, ended_at) VALUES (2, $1, 'STAFF', $2)"
    await places.sql.executemany(insert, [(1, sooner), (2, later)])
    async with asking(places) as it:
        assert (await it.viewers.of(token)).clinic_ids == (1, 2)
        places.clock.move(seconds=20)
        assert (await it.viewers.of(token)).clinic_ids == (2,)
        places.clock.move(minutes=5)
        assert (await it.viewers.of(token)).clinic_ids == ()


async def test_others_stay_known(places: World) -> None:
    dan, pat = await minted(places, user_id=2), await minted(places, user_id=3)
    async with asking(places) as it:
        await it.viewers.of(dan)
        await it.viewers.of(pat)
        await changing(places, it, "INSERT INTO user_roles (user_id, role) VALUES (2, 'PATIENT')")
        await it.viewers.of(pat)
        assert it.reading.count == 2
        await it.viewers.of(dan)
        assert it.reading.count == 3
        before = it.viewers._changes
        many = "INSERT INTO users (name, email) SELECT 'x', 'x' || i FROM generate_series(1, 101) i RETURNING id"
        await places.sql.execute(f"WITH u AS ({many}) INSERT INTO patients (user_id) SELECT id FROM u")
        await it.told(before)
        assert it.viewers._changes == before + 1, "many at once are told in one word"
        await it.viewers.of(pat)
        assert it.reading.count == 4


async def test_what_changes_while_it_is_read_is_not_kept(places: World) -> None:
    token = await minted(places, user_id=2, scopes=READING)
    async with asking(places) as it:
        it.reading.gate.clear()
        asked = asyncio.create_task(it.viewers.of(token))
        await it.reading.begun.wait()
        await changing(places, it, "DELETE FROM user_roles WHERE user_id = 2")
        it.reading.gate.set()
        await asked
        assert (await it.viewers.of(token)).roles == frozenset()


@pytest.mark.parametrize("user_id", [4, 5, 999], ids=["suspended", "invited", "gone"])
async def test_an_account_that_is_not_active_has_no_viewer(world: World, user_id: int) -> None:
    async with asking(world) as it:
        with pytest.raises(InvalidToken) as refused:
            await it.viewers.of(await minted(world, user_id=user_id))
    assert refused.value.status == 401


async def test_while_nothing_is_heard_nobody_is_known(world: World) -> None:
    token = await minted(world)
    async with asking(world) as it:
        await it.viewers.of(token)
        it.revocations._hears = False
        with pytest.raises(CannotVerify):
            await it.viewers.of(token)


async def test_an_external_issuers_people_are_known_by_their_verified_address(world: World) -> None:
    issuer = Issuer()

    def token(email: str | None = "Dan@Example.org", **claims: object) -> str:
        said: dict[str, object] = {"email": email, "email_verified": True} if email else {}
        return issuer.token(world, 0, "RS256", scope="slot:read payout:read unknown:scope profile", **said | claims)

    async with asking(world, issuer.verifier(world)) as it:
        dan = await it.viewers.of(token())
        assert (dan.user_id, dan.client_id, dan.roles) == (2, "app", frozenset({Role.DOCTOR}))
        assert dan.scopes == {Scope.SLOT_READ, Scope.PAYOUT_READ, Scope.PROFILE} < of_roles(dan.roles)
        assert (await it.viewers.of(token("ina@example.org"))).user_id == 5, "invited, and her address is verified"
        for unknown in (token("who@example.org"), token(None), token(email_verified=False)):
            stranger = await it.viewers.of(unknown)
            assert stranger == Viewer(client_id="app", scopes=frozenset({Scope.PROFILE}))
            assert not stranger.is_anonymous
            assert not any(stranger.sight)
        service = await it.viewers.of(token(None, sub="app"))
        assert service.is_service
        assert service.scopes == {Scope.SLOT_READ, Scope.PAYOUT_READ, Scope.PROFILE}
        with pytest.raises(InvalidToken, match="not active"):
            await it.viewers.of(token("sue@example.org"))
        await changing(world, it, "UPDATE users SET email = 'dana@example.org' WHERE id = 2")
        assert (await it.viewers.of(token())).user_id is None
        assert (await it.viewers.of(token("dana@example.org"))).user_id == 2
        await changing(world, it, "UPDATE users SET status = 'SUSPENDED' WHERE id = 2")
        with pytest.raises(InvalidToken):
            await it.viewers.of(token("dana@example.org"))
