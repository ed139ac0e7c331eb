"""Putting right what can be computed: roll-ups and counters. The books are only ever added to, so they are not."""

from models.affiliation_triggers import MARK_ALL
from models.rollup_folding import ROLL_UPS
from models.rollup_triggers import FACTS, FOLDING

REPAIRABLE = frozenset({*(roll_up.table for roll_up in ROLL_UPS), "slots", "doctor_days", "doctor_clinics"})

LOCKS = "LOCK TABLE appointments, slots, holds, payments, doctor_days, clinics IN SHARE ROW EXCLUSIVE MODE"
"""Nobody writes meanwhile; reading goes on. In the order in which bookings take their locks."""

ROLL_UPS_AGAIN = (
    f"SELECT pg_advisory_xact_lock({FOLDING})",
    *(f"DELETE FROM {table}" for table in ("roll_up_changes", *(roll_up.table for roll_up in ROLL_UPS))),  # noqa: S608
    *FACTS.split(";\n"),
)
COUNTERS_AGAIN = (
    """
UPDATE slots s SET booked_count = f.booked, unpaid_count = f.unpaid, held_count = f.held
FROM (SELECT s.id, count(a.id) AS booked, count(a.id) FILTER (WHERE a.awaits_payment) AS unpaid,
             (SELECT count(*) FROM holds h WHERE h.slot_id = s.id AND h.released_at IS NULL) AS held
      FROM slots s LEFT JOIN appointments a ON a.slot_id = s.id AND a.keeps_seat GROUP BY s.id) f
WHERE f.id = s.id AND (s.booked_count, s.unpaid_count, s.held_count) <> (f.booked, f.unpaid, f.held)
""",
    """
INSERT INTO doctor_days AS d (doctor_id, day, booked_count)
SELECT doctor_id, local_day, count(*) FROM appointments WHERE keeps_seat AND NOT is_override
GROUP BY doctor_id, local_day ORDER BY doctor_id, local_day
ON CONFLICT (doctor_id, day) DO UPDATE SET booked_count = excluded.booked_count
WHERE d.booked_count <> excluded.booked_count
""",
    """
UPDATE doctor_days d SET booked_count = 0 WHERE booked_count <> 0 AND NOT EXISTS (
  SELECT FROM appointments a
  WHERE a.doctor_id = d.doctor_id AND a.local_day = d.day AND a.keeps_seat AND NOT a.is_override)
""",
    MARK_ALL,
)
