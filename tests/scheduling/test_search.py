"""Free slots near a place are found below a horizon: what is found there is what all conditions find at once."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import asyncpg

from auth.viewer import ANONYMOUS
from loaders.horizons import Horizon
from loaders.pages import ROOT, Filter, Page, Pages
from loaders.reads import Pools, Reads
from loaders.scheduling.slots import BY_START, SlotPages
from server.database import open_pools
from tests.clinic_data import NOW, load

SEED = 20260616
ASKED = 120
DAY = timedelta(days=1)
AT_THE_END: Filter = (
    ("free", (("free", True),)),
    ("starts_from", (("starts_from", datetime.max.replace(tzinfo=UTC)),)),
    ("specialty", (("specialty", "cardiology"),)),
    ("city", (("city", "berlin"),)),
)
"""Asked about infinity, which is what the last instant of all is to PostgreSQL."""
# Clinics within some tens of kilometres of each other, three cities of them, some closed; doctors at several, whose
# specialties differ in case, some not approved or without a licence from a day on; many slots at the same time, of some
# of which the seats are taken, held, or held no more.
WORLD = """
SELECT setseed(0.5);
UPDATE clinics SET latitude = latitude + id % 7 * 0.05, longitude = longitude + id % 5 * 0.05, is_active = id % 9 <> 0;
UPDATE doctors SET status = CASE WHEN id % 8 = 0 THEN 'INACTIVE' ELSE 'APPROVED' END,
  specialty = (ARRAY['Cardiology', 'cardiology', 'General practice', 'Neurology', 'GENERAL PRACTICE'])[1 + id % 5],
  licence_expires_on = CASE WHEN id % 6 = 0 THEN date '2026-06-15' + id::int END;
INSERT INTO doctor_clinics (doctor_id, clinic_id, ended_at)
  SELECT d.id, c.id, CASE WHEN random() < 0.2 THEN timestamptz '2026-06-01 08:00Z' END
  FROM doctors d, clinics c WHERE random() < 0.15 ON CONFLICT DO NOTHING;
INSERT INTO slots (doctor_id, clinic_id, starts_at, ends_at, blocked_until, capacity, booked_count)
  SELECT doctor_id, clinic_id, at, at + interval '30 minutes', at + interval '30 minutes', capacity,
    CASE WHEN random() < 0.4 THEN capacity ELSE 0 END
  FROM (
    SELECT DISTINCT ON (w.doctor_id, at) w.doctor_id, w.clinic_id, 1 + (random() * 1.4)::int AS capacity,
      timestamptz '2026-06-14 12:00Z' + hour * interval '1 hour'
        + (power(random(), 3) * 80)::int * interval '1 day' AS at
    FROM doctor_clinics w, generate_series(1, 6) hour, generate_series(1, 3) n ORDER BY w.doctor_id, at, random()) made;
INSERT INTO holds (slot_id, patient_id, expires_at)
  SELECT id, 1, timestamptz '2026-06-15 12:00Z' + CASE WHEN random() < 0.5 THEN 1 ELSE -1 END * interval '1 minute'
  FROM slots WHERE booked_count + held_count < capacity AND random() < 0.3;
ANALYZE
"""


class AllAtOnce(SlotPages):
    """The same slots, of which all that match are sorted."""

    @classmethod
    def horizon(cls, conditions: tuple[str, ...]) -> Horizon | None:
        return None


class Asker:
    """Asks at random, about places where clinics are and where none is."""

    def __init__(self, random: Random, points: list[tuple[float, float]]) -> None:
        self._random = random
        self._points = points

    def conditions(self) -> Filter:
        """Something about a place, and whatever else."""
        drawn = self._random
        asked: list[tuple[str, dict[str, Any]]] = [("free", {"free": True})]
        optional: list[tuple[str, float, dict[str, Any]]] = [
            ("starts_from", 0.6, {"starts_from": self._instant()}),
            ("starts_before", 0.5, {"starts_before": self._instant()}),
            ("specialty", 0.6, {"specialty": drawn.choice(("cardiology", "General Practice", "neurology", "none"))}),
            ("language", 0.2, {"language": drawn.choice(("en", "de", "fr"))}),
            ("max_fee", 0.2, {"max_fee": drawn.choice((5000, 6000, 9000)), "currency": drawn.choice(("EUR", "USD"))}),
        ]
        asked += [(name, values) for name, share, values in optional if drawn.random() < share]
        place = drawn.random()
        if place < 0.4:
            asked.append(("city", {"city": drawn.choice(("berlin", "New York", "Nowhere"))}))
        if place > 0.3:
            latitude, longitude = drawn.choice(self._points)
            radius = drawn.choice((0.1, 5.0, 25.0, 25.0, 500.0, 20_000.0))
            asked.append(("near", {"latitude": latitude, "longitude": longitude, "radius_km": radius}))
        return tuple((name, tuple(values.items())) for name, values in asked)

    def _instant(self) -> datetime:
        return NOW + self._random.choice((-5, 0, 0, 1, 3, 10, 40, 90)) * DAY + self._random.randint(0, 24) * DAY / 24


async def asked_of(pages: type[Pages], pools: Pools, conditions: Filter, first: int, after: str | None) -> Page:
    return await pages(Reads(pools, ANONYMOUS, NOW), None, BY_START, conditions, first, after).load(ROOT)


async def test_a_horizon_hides_nothing_of_what_all_conditions_find(database: str) -> None:
    await load(database, 30)
    sql = await asyncpg.connect(database)
    await sql.execute(WORLD)
    points = [(row["latitude"], row["longitude"]) for row in await sql.fetch("SELECT * FROM clinics ORDER BY id")]
    await sql.close()
    random = Random(SEED)
    asker = Asker(random, [*points, (0.0, -140.0), (89.9, 10.0)])
    sizes = []
    async with open_pools(database) as pools:
        for conditions in [AT_THE_END, *(asker.conditions() for _ in range(ASKED))]:
            first, after = random.choice((1, 3, 20, 100)), None
            names = tuple(name for name, _ in conditions)
            assert SlotPages.horizon(names) is not None
            for _ in range(2):
                page = await asked_of(SlotPages, pools, conditions, first, after)
                plain = await asked_of(AllAtOnce, pools, conditions, first, after)
                assert [tuple(row) for row in page.rows] == [tuple(row) for row in plain.rows], (conditions, after)
                assert page.has_next == plain.has_next, (conditions, after)
                sizes.append(len(page.rows))
                if not page.rows:
                    break
                after = random.choice(page.edges).cursor
    assert sizes.count(0) > 10
    assert sum(1 for size in sizes if size > 1) > 50
