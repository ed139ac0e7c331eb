"""A freed seat goes to the first in line who fits: the statement of `offer_seat` against the oracle in Python."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import asyncpg
import pytest
from asyncpg import Range

from auth.viewer import Viewer
from domain.scheduling.offer_seat import offer_seat
from domain.session import Session
from tests.domain.scheduling.waiting_line import Seat, Span, Waiting, first_who_fits

NOW = datetime(2026, 6, 1, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPECIALTIES = ["Cardiology", "Dermatology", "Cardiology"]
SLOTS_EACH = 8
PATIENTS = range(1, 31)

WORLD = """
    INSERT INTO users (id, name, email)
      SELECT i, 'User ' || i, 'user' || i || '@example.org' FROM generate_series(1, 40) i;
    INSERT INTO clinics (id, name, address, city, country, latitude, longitude, time_zone, currency) VALUES
      (1, 'East', '-', '-', 'NZ', -36.8, 174.7, 'Pacific/Auckland', 'NZD'),
      (2, 'West', '-', '-', 'US', 34.0, -118.2, 'America/Los_Angeles', 'USD');
    INSERT INTO patients (id, user_id) SELECT i, i FROM generate_series(1, 30) i;
    INSERT INTO doctor_clinics (doctor_id, clinic_id) SELECT d, c FROM generate_series(1, 3) d, generate_series(1, 2) c;
"""
DOCTOR = """
    INSERT INTO doctors (id, user_id, status, specialty, licence_number, currency)
    VALUES ($1, 30 + $1::bigint, 'APPROVED', $2, 'L' || $1::bigint, 'USD')
"""
SLOT = """
    INSERT INTO slots (doctor_id, clinic_id, starts_at, ends_at, blocked_until, capacity)
    VALUES ($1, $2, $3, $4, $4, 40) RETURNING id
"""
BOOK = "INSERT INTO appointments (slot_id, patient_id, status) VALUES ($1, $2, 'CONFIRMED') RETURNING id"
WAIT = """
    INSERT INTO waitlist_entries (id, patient_id, appointment_id, doctor_ids, clinic_ids, specialty, windows)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
NOBODY_TOOK_ANY = """
    UPDATE waitlist_offers SET status = 'DECLINED';
    UPDATE waitlist_entries SET status = 'WAITING';
    UPDATE holds SET released_at = now();
"""
OFFERED = "SELECT entry_id FROM waitlist_offers WHERE id = $1"


async def seats(sql: asyncpg.Connection, random: Random) -> list[Seat]:
    """Slots of an hour with seats for everybody, some doctors' at the same time."""
    found = []
    users, rest = WORLD.split("INSERT INTO doctor_clinics")
    await sql.execute(users)
    for doctor, specialty in enumerate(SPECIALTIES, 1):
        await sql.execute(DOCTOR, doctor, specialty)
    await sql.execute(f"INSERT INTO doctor_clinics{rest}")
    for doctor, specialty in enumerate(SPECIALTIES, 1):
        for hour in sorted(random.sample(range(24, 48), SLOTS_EACH)):
            begin, clinic = NOW + hour * HOUR, random.choice([1, 2])
            slot_id = await sql.fetchval(SLOT, doctor, clinic, begin, begin + HOUR)
            found.append(Seat(slot_id, doctor, clinic, specialty, begin, begin + HOUR))
    return found


async def line(sql: asyncpg.Connection, random: Random, made: list[Seat]) -> list[Waiting]:
    """One entry for each patient, whose appointments never overlap."""
    found = []
    for patient in PATIENTS:
        booked: dict[int, Seat] = {}
        for seat in random.sample(made, random.choice([0, 1, 2, 4])):
            if not any(other.starts_at < seat.ends_at and seat.starts_at < other.ends_at for other in booked.values()):
                booked[await sql.fetchval(BOOK, seat.slot_id, patient)] = seat
        gives_up = random.choice(list(booked)) if booked and random.random() < 0.6 else None
        waiting = Waiting(
            id=1000 - patient if patient % 2 else 2000 + patient,
            patient_id=patient,
            doctor_ids=frozenset(random.sample([1, 2, 3], random.choice([0, 0, 1, 2]))),
            clinic_ids=frozenset(random.sample([1, 2], random.choice([0, 0, 1]))),
            specialty=random.choice([None, None, "cardiology", "DERMATOLOGY"]),
            windows=windows(random),
            gives_up=booked[gives_up].starts_at if gives_up else None,
            busy=tuple((seat.starts_at, seat.ends_at) for each, seat in booked.items() if each != gives_up),
            had_offered=frozenset(),
        )
        await sql.execute(
            WAIT,
            *(waiting.id, patient, gives_up, list(waiting.doctor_ids), list(waiting.clinic_ids), waiting.specialty),
            [Range(begin, end) for begin, end in waiting.windows],
        )
        found.append(waiting)
    return sorted(found, key=lambda waiting: waiting.id)


def windows(random: Random) -> tuple[Span, ...]:
    """Apart from each other, some with their edges on a slot's."""
    edges = sorted(random.sample(range(46, 100), random.choice([2, 2, 4])))
    return tuple((NOW + HOUR / 2 * begin, NOW + HOUR / 2 * end) for begin, end in list(pairwise(edges))[::2])


@pytest.mark.parametrize("seed", range(4))
async def test_the_first_in_line_who_fits_has_the_offer_and_nobody_the_same_twice(database: str, seed: int) -> None:
    random = Random(seed)
    sql = await asyncpg.connect(database)
    made = await seats(sql, random)
    in_line = await line(sql, random, made)
    first = await offered(sql, random.sample(made, len(made)), in_line)
    await sql.execute(NOBODY_TOOK_ANY)
    again = [
        replace(waiting, had_offered=frozenset({first[waiting.id]} if waiting.id in first else ()))
        for waiting in in_line
    ]
    second = await offered(sql, random.sample(made, len(made)), again)
    assert min(len(first), len(second)) > 8
    await sql.close()


async def offered(sql: asyncpg.Connection, freed: list[Seat], in_line: list[Waiting]) -> dict[int, int]:
    """The slots by the entries that they were offered to, after comparing each with the oracle."""
    waiting, found = list(in_line), {}
    for seat in freed:
        expected = first_who_fits(seat, waiting)
        async with sql.transaction():
            offer = await offer_seat(Session(sql, Viewer(), NOW, "test", "cancelAppointment"), seat.slot_id)
        assert (expected.id if expected else None) == await sql.fetchval(OFFERED, offer)
        if expected:
            waiting.remove(expected)
            found[expected.id] = seat.slot_id
    return found
