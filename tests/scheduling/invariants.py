"""What must hold at every moment, asked of the tables themselves: each query finds what breaks it."""

import asyncio
from typing import Any

import asyncpg

from server.recount import recount

INVARIANTS = {
    "no more seats than the capacity, holds counted": """
        SELECT s.id, s.capacity FROM slots s WHERE capacity <
          (SELECT count(*) FROM appointments a WHERE a.slot_id = s.id AND a.status NOT IN ('CANCELLED', 'DECLINED'))
          + (SELECT count(*) FROM holds h WHERE h.slot_id = s.id AND h.released_at IS NULL)""",
    "no two slots of a doctor at once": """
        SELECT a.id, b.id FROM slots a JOIN slots b ON a.id < b.id AND a.doctor_id = b.doctor_id
          AND a.starts_at < b.blocked_until AND b.starts_at < a.blocked_until
        WHERE a.is_active AND b.is_active""",
    "no patient in two places": """
        SELECT a.id, b.id FROM appointments a JOIN appointments b ON a.id < b.id AND a.patient_id = b.patient_id
          AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at WHERE a.keeps_seat AND b.keeps_seat""",
    "no more appointments than the daily limit": """
        SELECT a.doctor_id, a.local_day, count(*) FROM appointments a JOIN doctors d ON d.id = a.doctor_id
        WHERE a.keeps_seat AND NOT a.is_override
        GROUP BY a.doctor_id, a.local_day, d.daily_patient_limit HAVING count(*) > d.daily_patient_limit""",
    "an appointment is where its slot is": """
        SELECT a.id FROM appointments a JOIN slots s ON s.id = a.slot_id
        WHERE (a.doctor_id, a.clinic_id, a.starts_at, a.ends_at, a.local_day)
          IS DISTINCT FROM (s.doctor_id, s.clinic_id, s.starts_at, s.ends_at, s.local_day)""",
    "the timeline ends where the appointment is": """
        SELECT a.id, a.status, last.to_status FROM appointments a
        LEFT JOIN LATERAL (SELECT to_status FROM appointment_timeline t WHERE t.appointment_id = a.id
                           ORDER BY t.id DESC LIMIT 1) last ON TRUE
        WHERE last.to_status IS DISTINCT FROM a.status""",
    "each step begins where the one before ended": """
        SELECT * FROM (SELECT appointment_id, from_status, lag(to_status) OVER w AS before FROM appointment_timeline
                       WINDOW w AS (PARTITION BY appointment_id ORDER BY id)) steps
        WHERE from_status IS DISTINCT FROM before""",
    "what was cancelled says when": """
        SELECT id FROM appointments WHERE (status = 'CANCELLED') <> (cancelled_at IS NOT NULL)""",
    "an open offer has a live hold of its patient, unless time is over": """
        SELECT o.id FROM waitlist_offers o JOIN holds h ON h.id = o.hold_id JOIN waitlist_entries e ON e.id = o.entry_id
        WHERE (h.slot_id, h.patient_id) <> (o.slot_id, e.patient_id)
          OR o.status IN ('ACCEPTED', 'DECLINED') AND h.released_at IS NULL
          OR o.status = 'OPEN' AND h.released_at < h.expires_at""",
    "who is offered a seat has one open offer": """
        SELECT e.id, e.status FROM waitlist_entries e
        WHERE (e.status = 'OFFERED') <>
          EXISTS (SELECT FROM waitlist_offers o WHERE o.entry_id = e.id AND o.status = 'OPEN')""",
    "events of a thing are numbered without a gap": """
        SELECT aggregate, aggregate_id FROM outbox_events GROUP BY 1, 2
        HAVING count(*) <> max(sequence) OR min(sequence) <> 1""",
    "a kept key has its answer": "SELECT owner, mutation, key FROM idempotency_keys WHERE answer IS NULL",
    "nobody is left waiting for a lock": """
        SELECT pid, query FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'""",
}
SERVERS = """
SELECT count(*) > 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
"""Besides this connection the test has one of its own; the servers' may take a moment to end, and then tell all."""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def broken(dsn: str) -> dict[str, Any]:
    """What is not as it must be: by invariant, and what `recount` finds. The servers must have stopped."""
    connection = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(60):
            while await connection.fetchval(SERVERS):
                await asyncio.sleep(0.01)
        found: dict[str, Any] = {
            name: [tuple(row) for row in await connection.fetch(query)] for name, query in INVARIANTS.items()
        }
        found["no deadlock"] = [await connection.fetchval(DEADLOCKS)]  # told by those who have disconnected
    finally:
        await connection.close()
    found["counters and roll-ups are what the facts add up to"] = list(await recount(dsn))
    return {name: rows for name, rows in found.items() if any(rows)}
