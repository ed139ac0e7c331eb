"""What the triggers would have kept true, asked of the facts in the transaction that loaded them."""

from models.affiliation_triggers import BOOKABLE_BEFORE, MADE_OF_ALL
from server.seed.load import Connection, Report

CHECKS = {
    "slots count the seats that appointments and holds take": """
        SELECT count(*) FROM slots s
        LEFT JOIN (SELECT slot_id, count(*) AS booked, count(*) FILTER (WHERE awaits_payment) AS unpaid
                   FROM appointments WHERE keeps_seat GROUP BY slot_id) a ON a.slot_id = s.id
        LEFT JOIN (SELECT slot_id, count(*) AS held FROM holds WHERE released_at IS NULL GROUP BY slot_id) h
          ON h.slot_id = s.id
        WHERE (s.booked_count, s.unpaid_count, s.held_count)
          <> (coalesce(a.booked, 0), coalesce(a.unpaid, 0), coalesce(h.held, 0))
    """,
    "a slot's day is the clinic's": """
        SELECT count(*) FROM slots s JOIN clinics c ON c.id = s.clinic_id
        WHERE s.local_day <> (s.starts_at AT TIME ZONE c.time_zone)::date
    """,
    "appointments say what their slots say": """
        SELECT count(*) FROM appointments a JOIN slots s ON s.id = a.slot_id
        WHERE (a.doctor_id, a.clinic_id, a.starts_at, a.ends_at, a.local_day)
          <> (s.doctor_id, s.clinic_id, s.starts_at, s.ends_at, s.local_day)
    """,
    "doctor_days count the appointments, within the daily limit": """
        SELECT count(*) FROM (SELECT doctor_id, local_day, count(*) AS booked FROM appointments
                              WHERE keeps_seat AND NOT is_override GROUP BY doctor_id, local_day) a
        FULL JOIN doctor_days d ON d.doctor_id = a.doctor_id AND d.day = a.local_day
        LEFT JOIN doctors ON doctors.id = d.doctor_id
        WHERE d.booked_count IS DISTINCT FROM a.booked OR d.booked_count > doctors.daily_patient_limit
    """,
    "affiliations say what their doctors say, and when slots were made": f"""
        SELECT count(*) FROM doctor_clinics w JOIN doctors d ON d.id = w.doctor_id
        LEFT JOIN ({MADE_OF_ALL}) s ON s.doctor_id = w.doctor_id AND s.clinic_id = w.clinic_id
        WHERE w.specialty <> lower(d.specialty) OR coalesce(s.parts, 0) & ~w.slot_parts <> 0
          OR w.bookable_before <> {BOOKABLE_BEFORE}
    """,  # noqa: S608 - texts of our own
    "a payment is what its events add up to": """
        SELECT count(*) FROM payments p
        LEFT JOIN (SELECT payment_id, sum(amount_minor) FILTER (WHERE kind = 'CAPTURED') AS captured,
                          sum(amount_minor) FILTER (WHERE kind = 'REFUNDED') AS refunded
                   FROM payment_events GROUP BY payment_id) e ON e.payment_id = p.id
        WHERE (p.captured_minor, p.refunded_minor) <> (coalesce(e.captured, 0), coalesce(e.refunded, 0))
    """,
    "the sandbox knows what was paid through it": """
        SELECT count(*) FROM payments p FULL JOIN sandbox_payments s ON s.reference = p.gateway_reference
        WHERE (p.captured_minor, p.refunded_minor, p.amount_minor) IS DISTINCT FROM
          (s.captured_minor, s.refunded_minor, s.amount_minor)
    """,
    "ledger transactions sum to zero": """
        SELECT count(*) FROM (SELECT FROM ledger_entries GROUP BY transaction_id, currency
                              HAVING sum(amount_minor) <> 0) unbalanced
    """,
}


async def verify(connection: Connection, report: Report) -> None:
    """Raises AssertionError, naming the rule and how often it is broken: that is a bug of the seed."""
    for number, (rule, query) in enumerate(CHECKS.items(), 1):
        broken = await connection.fetchval(query)
        if broken:
            raise AssertionError(f"seed is wrong: {rule}, but not {broken} times")
        report("verify", number, len(CHECKS))
