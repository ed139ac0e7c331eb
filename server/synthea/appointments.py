"""The visits that are kept → slots, appointments with their timeline, payments with their event.

Nothing here was booked, so the earliest moment known is the start: booked, confirmed, checked in and begun then,
completed at the end. The money was settled elsewhere, long ago: it is recorded as captured, and no ledger entry is
made, which would owe a doctor a payout. Nobody is told: there are no outbox events for the past.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncpg import Connection, Record

SLOTS = (
    """
CREATE TEMPORARY TABLE synthea_appointments ON COMMIT DROP AS
SELECT line, id, coalesce(reason, overlap) AS reason,
       entity_id IS NULL AND reason IS NULL AND overlap IS NULL AS is_new,
       coalesce(entity_id, CASE WHEN reason IS NULL AND overlap IS NULL
                                THEN nextval(pg_get_serial_sequence('appointments', 'id')) END) AS entity_id,
       patient_id, doctor_id, clinic_id, starts_at, ends_at, visit_reason, cost_minor, covered_minor
FROM (
  SELECT v.*, o.reason AS overlap
  FROM synthea_visits AS v LEFT JOIN synthea_overlaps AS o USING (line)
  ORDER BY v.starts_at, v.id
) AS visits
""",
    "ANALYZE synthea_appointments",
    """
CREATE TEMPORARY TABLE synthea_slots ON COMMIT DROP AS
SELECT coalesce(wanted.slot_id, nextval(pg_get_serial_sequence('slots', 'id'))) AS slot_id, s.id IS NULL AS is_new,
       wanted.doctor_id, wanted.clinic_id, wanted.starts_at, wanted.ends_at, wanted.seats,
       greatest(wanted.seats - coalesce(s.capacity - s.booked_count - s.held_count, 0), 0) AS seats_added
FROM (
  SELECT h.slot_id, doctor_id, clinic_id, starts_at, ends_at, count(*) AS seats
  FROM synthea_appointments LEFT JOIN synthea_shared_slots AS h USING (doctor_id, clinic_id, starts_at, ends_at)
  WHERE is_new
  GROUP BY h.slot_id, doctor_id, clinic_id, starts_at, ends_at
) AS wanted
LEFT JOIN slots AS s ON s.id = wanted.slot_id
ORDER BY wanted.starts_at, wanted.doctor_id
""",
    "ANALYZE synthea_slots",
    """
INSERT INTO doctor_clinics (doctor_id, clinic_id)
SELECT DISTINCT doctor_id, clinic_id FROM synthea_slots WHERE is_new ORDER BY doctor_id, clinic_id
ON CONFLICT DO NOTHING
""",
    """
INSERT INTO slots (id, doctor_id, clinic_id, starts_at, ends_at, blocked_until, capacity)
SELECT slot_id, doctor_id, clinic_id, starts_at, ends_at, ends_at, seats FROM synthea_slots WHERE is_new
ORDER BY doctor_id, starts_at
""",
    """
UPDATE slots AS s SET capacity = s.capacity + w.seats_added, updated_at = now()
FROM synthea_slots AS w
WHERE NOT w.is_new AND s.id = w.slot_id AND w.seats_added > 0
""",
)
# The first visit is a patient's first booking with a doctor; an older one that comes to be known takes that over.
FIRST_VISITS = (
    """
CREATE TEMPORARY TABLE synthea_first_visits ON COMMIT DROP AS
SELECT doctor_id, patient_id, min(starts_at) AS starts_at
FROM synthea_appointments AS n WHERE is_new
GROUP BY doctor_id, patient_id
HAVING NOT EXISTS (
  SELECT FROM appointments AS a
  WHERE a.doctor_id = n.doctor_id AND a.patient_id = n.patient_id AND a.booked_at < min(n.starts_at)
)
""",
    """
CREATE TEMPORARY TABLE synthea_no_longer_first ON COMMIT DROP AS
SELECT a.id, a.doctor_id, a.clinic_id, a.local_day, a.status
FROM synthea_first_visits AS f JOIN appointments AS a USING (doctor_id, patient_id)
WHERE a.is_first_visit
""",
    "UPDATE appointments SET is_first_visit = false WHERE id IN (SELECT id FROM synthea_no_longer_first)",
    "ANALYZE synthea_first_visits",
)
# A daily limit is a rule for booking; what has happened is loaded nevertheless, as an override, which is not counted.
APPOINTMENTS = (
    """
INSERT INTO appointments (id, slot_id, patient_id, doctor_id, clinic_id, starts_at, ends_at, local_day, status, reason,
                          booked_at, is_first_visit, is_override)
SELECT a.entity_id, s.slot_id, a.patient_id, a.doctor_id, a.clinic_id, a.starts_at, a.ends_at, a.starts_at::date,
       'COMPLETED', a.visit_reason, a.starts_at,
       f.doctor_id IS NOT NULL, d.daily_patient_limit IS NOT NULL
FROM synthea_appointments AS a
JOIN synthea_slots AS s USING (doctor_id, clinic_id, starts_at, ends_at)
JOIN doctors AS d ON d.id = a.doctor_id
LEFT JOIN synthea_first_visits AS f USING (doctor_id, patient_id, starts_at)
WHERE a.is_new ORDER BY a.doctor_id, a.starts_at, a.entity_id
""",
    """
INSERT INTO appointment_timeline (appointment_id, from_status, to_status, reason, happened_at)
SELECT a.entity_id, step.from_status, step.to_status, 'Imported from Synthea',
       CASE step.to_status WHEN 'COMPLETED' THEN a.ends_at ELSE a.starts_at END
FROM synthea_appointments AS a
CROSS JOIN (VALUES (1, NULL, 'CONFIRMED'), (2, 'CONFIRMED', 'CHECKED_IN'), (3, 'CHECKED_IN', 'IN_PROGRESS'),
                   (4, 'IN_PROGRESS', 'COMPLETED')) AS step (place, from_status, to_status)
WHERE a.is_new ORDER BY a.starts_at, a.entity_id, step.place
""",
    """
INSERT INTO imported_records (source, entity, external_id, entity_id)
SELECT 'synthea', 'appointment', id::text, entity_id FROM synthea_appointments WHERE is_new
""",
)
PAYMENTS = (
    """
CREATE TEMPORARY TABLE synthea_payments ON COMMIT DROP AS
SELECT nextval(pg_get_serial_sequence('payments', 'id')) AS payment_id, visits.*
FROM (
  SELECT entity_id, id, doctor_id, clinic_id, ends_at, covered_minor,
         greatest(cost_minor - covered_minor, 0) AS amount_minor
  FROM synthea_appointments WHERE is_new AND (cost_minor > 0 OR covered_minor > 0)
  ORDER BY starts_at, entity_id
) AS visits
""",
    """
INSERT INTO payments (id, appointment_id, status, amount_minor, covered_minor, captured_minor, currency, gateway,
                      gateway_reference, captured_at)
SELECT payment_id, entity_id, 'CAPTURED', amount_minor, covered_minor, amount_minor, 'USD', 'synthea', id::text, ends_at
FROM synthea_payments ORDER BY payment_id
""",
    """
INSERT INTO payment_events (payment_id, provider, event_id, kind, amount_minor, occurred_at, payload)
SELECT payment_id, 'synthea', id::text, 'CAPTURED', amount_minor, ends_at, jsonb_build_object('encounter', id)
FROM synthea_payments ORDER BY payment_id
""",
)


async def load_appointments(connection: "Connection[Record]") -> None:
    """Makes `synthea_appointments` (line, id, reason, entity_id, is_new), and all that hangs on the new ones."""
    for statement in (*SLOTS, *FIRST_VISITS, *APPOINTMENTS, *PAYMENTS):
        await connection.execute(statement)
