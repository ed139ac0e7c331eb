"""Who is first of everybody is the same however little of each span's list is read."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest

from models.rollup_triggers import FOLD_EVERY
from server.recount import recount
from server.seed import Sizes, seed
from tests.client import Client
from tests.dashboards.test_figures import subject

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
SIZES = Sizes(clinics=8, doctors=60, patients=200, slots=4_000, appointments=1_500, payments=900)
CANCELLED = """UPDATE appointments SET status = 'CANCELLED', cancelled_at = now()
WHERE id IN (SELECT id FROM appointments WHERE status = 'CONFIRMED' ORDER BY id LIMIT $1)"""
BOOKINGS = """SELECT doctor_id AS doctor, clinic_id AS clinic, d.specialty, 1 AS amount, '' AS currency
FROM appointments a JOIN doctors d ON d.id = doctor_id WHERE keeps_seat AND local_day BETWEEN $1 AND $2"""
REVENUE = """SELECT doctor_id AS doctor, clinic_id AS clinic, d.specialty, captured_minor - refunded_minor AS amount,
  p.currency FROM payments p JOIN appointments a ON a.id = appointment_id JOIN doctors d ON d.id = doctor_id
  JOIN clinics c ON c.id = clinic_id
WHERE captured_minor <> 0
  AND (coalesce(p.captured_at, p.created_at) AT TIME ZONE c.time_zone)::date BETWEEN $1 AND $2"""
KINDS = {"Doctors": "doctor { id }", "Clinics": "clinic { id }", "Specialties": "specialty"}
ASKED = " ".join(
    f"{kind}Bookings: top{kind}ByBookings(first: $first) {{ {who} bookings }}"
    f" {kind}Revenue: top{kind}ByRevenue(first: $first) {{ {who} revenue {{ amount currency }} }}"
    for kind, who in KINDS.items()
)
QUERY = f"query ($range: DateRange!, $first: Int!) {{ adminDashboard(range: $range) {{ {ASKED} }} }}"
COLUMNS = {"Doctors": "doctor", "Clinics": "clinic", "Specialties": "specialty"}


@pytest.fixture
async def sql(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


def first_of(rows: list[asyncpg.Record], column: str, first: int) -> Iterator[tuple[str, Any, int]]:
    """The first of each currency: (currency, who, amount)."""
    sums = Counter[tuple[str, Any]]()
    for row in rows:
        sums[row["currency"], row[column]] += row["amount"]
    for currency in sorted({currency for currency, _ in sums}):
        ranked = sorted((-amount, who) for (each, who), amount in sums.items() if each == currency and amount > 0)
        yield from ((currency, who, -amount) for amount, who in ranked[:first])


def shown(row: dict[str, Any]) -> tuple[str, Any, int]:
    money = row.get("revenue")
    return ("", subject(row), row["bookings"]) if money is None else (money["currency"], subject(row), money["amount"])


def ranges(random: Random) -> Iterator[tuple[date, date]]:
    yield NOW.date() - timedelta(days=365), NOW.date()
    for longest in (1, 7, 28, 120, 366):
        length = random.randint(1, longest)
        first = NOW.date() - timedelta(days=random.randrange(60) + length // 2)
        yield first, first + timedelta(days=length - 1)


async def test_the_first_of_everybody(database: str, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """With lists that are cut off at once, after as many as are asked for, and hardly ever."""
    await seed(database, SIZES, seed=1, now=NOW)
    await sql.execute(f"SELECT setval('roll_up_changes_id_seq', {10 * FOLD_EVERY})")
    await sql.execute(CANCELLED, FOLD_EVERY // 4)  # folds nothing
    await sql.execute("UPDATE doctors SET specialty = 'Optics' WHERE id % 5 = 0")
    assert await sql.fetchval("SELECT count(*) FROM roll_up_changes") > FOLD_EVERY / 2
    assert await recount(database) == []
    async with Client.of(database) as client:
        for days in ranges(Random(1)):
            rows = {"Bookings": await sql.fetch(BOOKINGS, *days), "Revenue": await sql.fetch(REVENUE, *days)}
            asked = {"from": days[0].isoformat(), "to": days[1].isoformat()}
            for first, deep in ((1, 1), (1, 5), (2, 10), (3, 12), (5, 20), (10, 10), (20, 100)):
                monkeypatch.setattr("loaders.dashboards.tops.depth", lambda _first, deep=deep: deep)
                answer = (await client.ask(QUERY, {"range": asked, "first": first})).data["adminDashboard"]
                for kind, column in COLUMNS.items():
                    for by, all_rows in rows.items():
                        expected = list(first_of(all_rows, column, first))
                        assert [shown(row) for row in answer[f"{kind}{by}"]] == expected, (days, first, deep, kind, by)
