"""The data that is asked for, the functions PostGraphile needs, and PostgreSQL's own count of statements."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from bench.operations import HERE, IN_TURN, Statement

FUNCTIONS = HERE / "peers" / "postgraphile.sql"
DASHBOARDS = ("doctor", "clinic", "admin")
TYPES = {"doctor": "bigint", "clinic": "bigint", "now": "timestamptz"}
SPECIALTY = "Cardiology"
WEEK = timedelta(days=7)
BUSY = """
    SELECT a.doctor_id FROM appointments a JOIN clinics c ON c.id = a.clinic_id
    WHERE a.starts_at >= $1 AND a.starts_at < $2
    GROUP BY a.doctor_id
    HAVING bool_or(a.keeps_seat AND a.local_day = ($3::timestamptz AT TIME ZONE c.time_zone)::date)
    ORDER BY least(count(*), 100) DESC, a.doctor_id LIMIT $4
"""
BUSY_CLINICS = """
    SELECT c.id, c.latitude, c.longitude FROM clinics c JOIN appointments a ON a.clinic_id = c.id
    WHERE c.latitude IS NOT NULL AND a.starts_at >= $1 AND a.starts_at < $2
    GROUP BY c.id ORDER BY count(*) DESC, c.id LIMIT $3
"""
RADIUS_KM = 25.0
ACTIVE = """
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()
"""
IDLE_CHECKS, IDLE_FOR = 1_200, 5  # of a tenth of a second
EXECUTED = re.compile(rb"^.{10,40}\[\d+\] LOG:  (?:statement|execute [^:]+): ", re.MULTILINE)


@dataclass(frozen=True)
class Clinic:
    """One by its id, and where it is, in degrees north and east."""

    id: int
    latitude: float
    longitude: float


async def busy_doctors(dsn: str, now: datetime) -> list[int]:
    """Doctors with some appointments today: those first who fill a page in the week before and the week after."""
    sql = await asyncpg.connect(dsn)
    try:
        return [row["doctor_id"] for row in await sql.fetch(BUSY, now - WEEK, now + WEEK, now, IN_TURN)]
    finally:
        await sql.close()


async def user_of_doctor(dsn: str, doctor: int) -> int:
    sql = await asyncpg.connect(dsn)
    try:
        return int(await sql.fetchval("SELECT user_id FROM doctors WHERE id = $1", doctor))
    finally:
        await sql.close()


async def busy_clinics(dsn: str, now: datetime) -> list[Clinic]:
    """Clinics with appointments in these two weeks, those with the most first."""
    sql = await asyncpg.connect(dsn)
    try:
        rows = await sql.fetch(BUSY_CLINICS, now - WEEK, now + WEEK, IN_TURN)
    finally:
        await sql.close()
    return [Clinic(row["id"], row["latitude"], row["longitude"]) for row in rows]


async def until_idle(dsn: str) -> None:
    """Waits, two minutes at most, until PostgreSQL has done what was abandoned, so that nobody else pays for it."""
    sql = await asyncpg.connect(dsn)
    idle = 0
    try:
        for _ in range(IDLE_CHECKS):
            idle = 0 if await sql.fetchval(ACTIVE) else idle + 1
            if idle == IDLE_FOR:
                return
            await asyncio.sleep(0.1)
    finally:
        await sql.close()


def dashboard_function(name: str) -> str:
    """A function that answers as the minimal SQL of a dashboard does, with its parameters."""
    statement = Statement.read(HERE / "sql" / f"{name}.sql")
    parameters = ", ".join(f'"{each}" {TYPES.get(each, "date")}' for each in statement.names)
    body = f"SELECT ({statement.numbered}) -> 'dashboard'"
    return (
        f"CREATE OR REPLACE FUNCTION public.{name}_totals({parameters}) RETURNS json STABLE LANGUAGE sql AS $${body}$$;"
    )


@contextmanager
def postgraphile_functions(dsn: str) -> Iterator[None]:
    """Makes them, and drops them afterwards."""
    text = "\n".join([FUNCTIONS.read_text(), *map(dashboard_function, DASHBOARDS)])
    names = re.findall(r"FUNCTION (public\.\w+)", text)
    asyncio.run(run(dsn, text))
    try:
        yield
    finally:
        asyncio.run(run(dsn, f"DROP FUNCTION IF EXISTS {', '.join(names)}"))


async def run(dsn: str, text: str) -> None:
    sql = await asyncpg.connect(dsn)
    try:
        await sql.execute(text)
    finally:
        await sql.close()


class StatementLog:
    """What PostgreSQL executes, BEGIN and ROLLBACK included, from its own log: `log_statement = all` meanwhile."""

    def __init__(self, dsn: str, log: Path) -> None:
        self._dsn = dsn
        self._log = log

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[list[int]]:
        """The list holds one number when the block has ended."""
        counted: list[int] = []
        async with self.reading() as said:
            yield counted
        counted.append(len(EXECUTED.findall(said[0])))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[list[bytes]]:
        """The list holds what was logged when the block has ended."""
        said: list[bytes] = []
        sql = await asyncpg.connect(self._dsn)
        try:
            await self._log_statements(sql, "all")
            begin = self._log.stat().st_size
            yield said
            end = self._log.stat().st_size
            await self._log_statements(sql, "none")
        finally:
            await sql.execute("ALTER SYSTEM RESET log_statement")
            await sql.fetchval("SELECT pg_reload_conf()")
            await sql.close()
        with self._log.open("rb") as log:
            log.seek(begin)
            said.append(log.read(end - begin))

    async def _log_statements(self, sql: asyncpg.Connection, which: str) -> None:
        await sql.execute(f"ALTER SYSTEM SET log_statement = '{which}'")
        await sql.fetchval("SELECT pg_reload_conf()")
        await sql.fetchval("SELECT pg_sleep(0.3)")  # every backend reads it before its next statement, but not at once


def libpq_environment(dsn: str) -> dict[str, str]:
    """The DSN as the variables that libpq, node-postgres and postgres.js read."""
    url = urlsplit(dsn)
    given = {name: values[0] for name, values in parse_qs(url.query).items()}
    found = {
        "PGHOST": given.get("host") or url.hostname or "127.0.0.1",
        "PGPORT": given.get("port") or str(url.port or 5432),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
        "PGDATABASE": url.path.lstrip("/"),
    }
    return {name: value for name, value in found.items() if value}
