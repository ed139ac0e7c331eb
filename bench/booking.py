"""Seats to book, each once in a window, and how everything is put back before the next window."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from bench.captured import Script, read_log, script_of
from bench.database import StatementLog, run
from bench.load import Request, ask
from bench.shapes import global_id
from bench.tokens import CLIENT

MOST = 30_000
CROWD = 5_000
REASON = "a cough that does not go away"

# One slot of a doctor's day at most, so that no daily limit is met, and each patient once, with nothing else to come:
# no booking is refused, and none waits for another one's patient or day.
SEATS = """
WITH free AS (
  SELECT DISTINCT ON (s.doctor_id, s.local_day) s.id FROM slots s
  JOIN doctors d ON d.id = s.doctor_id JOIN clinics c ON c.id = s.clinic_id
  JOIN LATERAL (SELECT confirmation FROM clinic_policies WHERE clinic_id = c.id ORDER BY version DESC LIMIT 1) p ON true
  LEFT JOIN doctor_days t ON t.doctor_id = s.doctor_id AND t.day = s.local_day
  WHERE s.is_active AND s.booked_count + s.held_count = 0 AND s.starts_at > $1::timestamptz + interval '14 days'
    AND d.status = 'APPROVED' AND c.is_active AND p.confirmation = 'AUTOMATIC'
    AND (d.licence_expires_on IS NULL OR s.local_day < d.licence_expires_on)
    AND (d.daily_patient_limit IS NULL OR coalesce(t.booked_count, 0) < d.daily_patient_limit)
  ORDER BY s.doctor_id, s.local_day, s.starts_at
), slots_in_turn AS (
  SELECT id, row_number() OVER (ORDER BY hashint8(id), id) AS nth FROM free
), patients_in_turn AS (
  SELECT p.id, row_number() OVER (ORDER BY hashint8(p.id), p.id) AS nth FROM patients p
  WHERE p.status = 'ACTIVE' AND NOT EXISTS (
    SELECT FROM appointments a WHERE a.patient_id = p.id AND a.starts_at > $1::timestamptz + interval '13 days')
)
SELECT s.id AS slot, p.id AS patient FROM slots_in_turn s JOIN patients_in_turn p USING (nth) ORDER BY nth LIMIT $2
"""

REMOVE = (
    "DELETE FROM appointment_timeline WHERE appointment_id > $1",
    "DELETE FROM appointments WHERE id > $1",
)
"""With the product's own triggers, which give the seats back and take the figures out of the roll-ups again."""


BOOKED = "SELECT count(*) FROM appointments WHERE id > $1"
QUIET_CHECKS, QUIET_FOR = 200, 5  # of a tenth of a second
WRITTEN = "appointments, appointment_timeline, idempotency_keys, outbox_events, roll_up_changes"


@dataclass(frozen=True)
class Seat:
    """A slot, and a patient who has nothing else then."""

    slot: int
    patient: int

    def variables(self, dialect: str, nth: int) -> Mapping[str, object]:
        """Those of the documents that book it; `nth` makes the idempotency key, which only ours has."""
        if dialect == "ours":
            ids = {"slotId": global_id("Slot", self.slot), "patientId": global_id("Patient", self.patient)}
            return {"input": {**ids, "reason": REASON, "idempotencyKey": f"bench-{nth}"}}
        if dialect == "postgraphile":
            return {"slot": str(self.slot), "patient": str(self.patient), "reason": REASON}
        return {"slot": self.slot, "patient": self.patient, "reason": REASON}


async def seats_to_book(dsn: str, now: datetime) -> list[Seat]:
    sql = await asyncpg.connect(dsn)
    try:
        return [Seat(row["slot"], row["patient"]) for row in await sql.fetch(SEATS, now, MOST)]
    finally:
        await sql.close()


KNOWN = """
SELECT s.id::text AS slot, ARRAY[s.id]::text AS slots, $2::text AS patient, $3::text AS key,
  s.doctor_id::text AS doctor,
  s.clinic_id::text AS clinic, s.starts_at::text AS starts, s.ends_at::text AS ends, s.local_day::text AS day,
  (SELECT max(p.id)::text FROM clinic_policies p WHERE p.clinic_id = s.clinic_id) AS policy
FROM slots s WHERE s.id = $1
"""
KNOWN_OF_NTH = (
    KNOWN.replace("$1", "n.slot")
    .replace("$2", "n.patient")
    .replace("$3", "'bench-' || (n.nth - 1)")  # as Seat.variables
)
ALL_KNOWN = f"""
CREATE UNLOGGED TABLE bench_seats AS SELECT n.nth, known.*
FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY n (slot, patient, nth)
CROSS JOIN LATERAL ({KNOWN_OF_NTH}) known
"""


@contextmanager
def seats_for_pgbench(dsn: str, seats: Sequence[Seat]) -> Iterator[None]:
    """A table `bench_seats` of all that a booking's statements are given, which pgbench takes row by row."""

    async def make() -> None:
        sql = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
        try:
            await sql.execute("DROP TABLE IF EXISTS bench_seats; DROP SEQUENCE IF EXISTS bench_nth")
            await sql.execute(ALL_KNOWN, [seat.slot for seat in seats], [str(seat.patient) for seat in seats])
            await sql.execute("ALTER TABLE bench_seats ADD PRIMARY KEY (nth); ANALYZE bench_seats")
            await sql.execute("CREATE SEQUENCE bench_nth")
        finally:
            await sql.close()

    asyncio.run(make())
    try:
        yield
    finally:
        asyncio.run(run(dsn, "DROP TABLE bench_seats; DROP SEQUENCE bench_nth"))


async def script_of_bookings(dsn: str, log: StatementLog, request: Request, mark: "Mark") -> Script:
    """What the first two bookings of a request run, for pgbench."""
    parts, known = [], []
    sql = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        await ask(request.only(2))  # what is read once is read now
        for nth in (0, 1):
            async with log.reading() as said:
                await ask(request.only(nth))
            parts.append(read_log(said[0].decode()))
            row = dict(await sql.fetchrow("SELECT * FROM bench_seats WHERE nth = $1", nth + 1) or {})
            made = str(await sql.fetchval("SELECT max(id) FROM appointments"))
            spelled = {f":{name}": str(value) for name, value in row.items() if name != "nth"}
            known.append({**spelled, ":made_next_appointment_id": made})
    finally:
        await sql.close()
    await mark.put_back()
    return script_of(parts[0], parts[1], [(place, text, known[1][place]) for place, text in known[0].items()])


def crowd_of(seats: Sequence[Seat]) -> list[Seat]:
    """All the patients after the first slot."""
    return [Seat(seats[0].slot, seat.patient) for seat in seats[:CROWD]]


@dataclass(frozen=True)
class Mark:
    """The newest row of each table that a booking adds to."""

    dsn: str
    appointment: int
    event: int
    audit: int

    @classmethod
    async def now(cls, dsn: str) -> "Mark":
        sql = await asyncpg.connect(dsn)
        try:
            newest = [
                await sql.fetchval(f"SELECT coalesce(max(id), 0) FROM {table}")
                for table in ("appointments", "outbox_events", "audit_records")
            ]
        finally:
            await sql.close()
        return cls(dsn, *newest)

    async def booked(self) -> int:
        """How many seats were booked since."""
        sql = await asyncpg.connect(self.dsn)
        try:
            return int(await sql.fetchval(BOOKED, self.appointment))
        finally:
            await sql.close()

    async def put_back(self) -> None:
        """Removes what was booked since, and what was written about it; vacuums, so that all windows begin alike."""
        sql = await asyncpg.connect(self.dsn)
        try:
            await self._quiet(sql)
            async with sql.transaction():
                await sql.execute("LOCK TABLE appointments, appointment_timeline IN EXCLUSIVE MODE")
                for text in REMOVE:
                    await sql.execute(text, self.appointment)
                await sql.execute("DELETE FROM idempotency_keys WHERE owner LIKE $1", f"%:{CLIENT}")
                await sql.execute("DELETE FROM outbox_events WHERE id > $1", self.event)
                await sql.execute("ALTER TABLE audit_records DISABLE TRIGGER audit_records_append_only")
                await sql.execute("DELETE FROM audit_records WHERE id > $1", self.audit)
                await sql.execute("ALTER TABLE audit_records ENABLE TRIGGER audit_records_append_only")
            await sql.execute(f"VACUUM {WRITTEN}")
        finally:
            await sql.close()

    async def _quiet(self, sql: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Waits, within bounds, until nobody books any more: a load generator leaves before its last answers."""
        seen, since = -1, 0
        for _ in range(QUIET_CHECKS):
            booked = await sql.fetchval(BOOKED, self.appointment)
            since = since + 1 if booked == seen else 0
            if since == QUIET_FOR:
                return
            seen = booked
            await asyncio.sleep(0.1)
