"""What is compared: each query gives (where, what, kept, counted) for everything that differs."""

from models.affiliation_triggers import MADE_OF_ALL
from models.rollup_folding import ROLL_UPS, RollUp

FACTS_TABLE = "recounted_changes"
"""A temporary table like `roll_up_changes`, filled with all facts."""


def of_roll_up(roll_up: RollUp) -> str:
    """Figures of the table and of what is not folded yet, beside those of the facts."""
    key = ", ".join(roll_up.key)
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in roll_up.sums)
    kept = (
        f"SELECT {key}, {sums} FROM (SELECT {key}, {', '.join(roll_up.sums)} FROM {roll_up.table}"  # noqa: S608
        f" UNION ALL ({roll_up.select('roll_up_changes')})) rows GROUP BY {key}"
    )
    where = " || ' ' || ".join(f"'{_word(name)} ' || {name}" for name in roll_up.key)
    each = ", ".join(f"('{name}', coalesce(kept.{name}, 0), coalesce(counted.{name}, 0))" for name in roll_up.sums)
    return (
        f"SELECT {where} AS place, figure.what, figure.kept, figure.counted"  # noqa: S608
        f" FROM ({kept}) kept FULL JOIN ({roll_up.select(FACTS_TABLE)}) counted USING ({key})"
        f" CROSS JOIN LATERAL (VALUES {each}) figure (what, kept, counted)"
        " WHERE figure.kept <> figure.counted ORDER BY 1, 2"
    )


def _word(column: str) -> str:
    return column.removesuffix("_id").replace("_", " ")


SEATS = """
SELECT 'slot ' || s.id AS place, figure.what, figure.kept, figure.counted
FROM slots s
LEFT JOIN (SELECT slot_id, count(*) AS booked, count(*) FILTER (WHERE awaits_payment) AS unpaid
           FROM appointments WHERE keeps_seat GROUP BY slot_id) a ON a.slot_id = s.id
LEFT JOIN (SELECT slot_id, count(*) AS held FROM holds WHERE released_at IS NULL GROUP BY slot_id) h ON h.slot_id = s.id
CROSS JOIN LATERAL (VALUES
  ('booked_count', s.booked_count::bigint, coalesce(a.booked, 0)),
  ('unpaid_count', s.unpaid_count::bigint, coalesce(a.unpaid, 0)),
  ('held_count', s.held_count::bigint, coalesce(h.held, 0))) figure (what, kept, counted)
WHERE figure.kept <> figure.counted ORDER BY s.id, 2
"""
DAYS = """
SELECT 'doctor ' || doctor_id || ' day ' || day AS place, 'booked_count' AS what,
       coalesce(d.booked_count, 0)::bigint AS kept, coalesce(a.booked, 0) AS counted
FROM doctor_days d
FULL JOIN (SELECT doctor_id, local_day AS day, count(*) AS booked FROM appointments
           WHERE keeps_seat AND NOT is_override GROUP BY doctor_id, local_day) a USING (doctor_id, day)
WHERE coalesce(d.booked_count, 0) <> coalesce(a.booked, 0) ORDER BY doctor_id, day
"""
MARKS = f"""
SELECT 'doctor ' || doctor_id || ' clinic ' || clinic_id AS place, 'slot_parts' AS what,
       w.slot_parts AS kept, w.slot_parts | s.parts AS counted
FROM doctor_clinics w JOIN ({MADE_OF_ALL}) s USING (doctor_id, clinic_id)
WHERE w.slot_parts & s.parts <> s.parts ORDER BY doctor_id, clinic_id
"""  # noqa: S608 - texts of our own
BALANCES = """
SELECT 'ledger transaction ' || transaction_id AS place, currency AS what, sum(amount_minor)::bigint AS kept,
       0::bigint AS counted
FROM ledger_entries GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0 ORDER BY transaction_id, currency
"""
MONEY = """
SELECT 'payment ' || p.id AS place, 'held for it, ' || l.currency AS what, l.held::bigint AS kept,
       CASE WHEN l.currency = p.currency THEN p.captured_minor - p.refunded_minor ELSE 0 END AS counted
FROM payments p
JOIN (SELECT t.payment_id, e.currency,
             coalesce(sum(e.amount_minor) FILTER (WHERE e.account IN ('GATEWAY_CLEARING', 'REFUNDS')), 0) AS held
      FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
      WHERE t.payment_id IS NOT NULL GROUP BY t.payment_id, e.currency) l ON l.payment_id = p.id
WHERE l.held <> CASE WHEN l.currency = p.currency THEN p.captured_minor - p.refunded_minor ELSE 0 END
ORDER BY p.id, 2
"""
COMPARISONS = {
    **{roll_up.table: of_roll_up(roll_up) for roll_up in ROLL_UPS},
    "slots": SEATS,
    "doctor_days": DAYS,
    "doctor_clinics": MARKS,
    "ledger_entries": BALANCES,
    "ledger_transactions": MONEY,
}
"""By the table that is wrong, if one is."""
