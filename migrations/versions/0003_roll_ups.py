"""Roll-ups for the dashboards, who writes them, and the clinic of each step of a timeline."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FUNCTIONS = (
    """
CREATE FUNCTION roll_up_changes_fold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT coalesce(max(id) / 64 = (min(id) - 1) / 64, true) FROM added)
    OR NOT pg_try_advisory_xact_lock(7250113902462610514) THEN
    RETURN NULL;
  END IF;
  WITH changes AS (DELETE FROM roll_up_changes RETURNING *),
  roll_up_counts_added AS (
    INSERT INTO roll_up_counts AS r (doctor_id, clinic_id, days, first_day, offered, pending, confirmed, checked_in, in_progress, completed, cancelled, no_show, declined, first_visits, freed, refilled)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, sum(c.offered)::bigint AS offered, sum(CASE WHEN c.status = 'PENDING' THEN c.appointments ELSE 0 END)::bigint AS pending, sum(CASE WHEN c.status = 'CONFIRMED' THEN c.appointments ELSE 0 END)::bigint AS confirmed, sum(CASE WHEN c.status = 'CHECKED_IN' THEN c.appointments ELSE 0 END)::bigint AS checked_in, sum(CASE WHEN c.status = 'IN_PROGRESS' THEN c.appointments ELSE 0 END)::bigint AS in_progress, sum(CASE WHEN c.status = 'COMPLETED' THEN c.appointments ELSE 0 END)::bigint AS completed, sum(CASE WHEN c.status = 'CANCELLED' THEN c.appointments ELSE 0 END)::bigint AS cancelled, sum(CASE WHEN c.status = 'NO_SHOW' THEN c.appointments ELSE 0 END)::bigint AS no_show, sum(CASE WHEN c.status = 'DECLINED' THEN c.appointments ELSE 0 END)::bigint AS declined, sum(CASE WHEN c.is_first_visit AND c.status NOT IN ('CANCELLED', 'DECLINED') THEN c.appointments ELSE 0 END)::bigint AS first_visits, sum(c.freed)::bigint AS freed, sum(c.refilled)::bigint AS refilled
    FROM changes c CROSS JOIN LATERAL (VALUES (c.doctor_id, c.clinic_id), (0, c.clinic_id), (0, 0)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (256), (64), (16), (4), (1)) span (days)
    WHERE c.currency IS NULL GROUP BY 1, 2, 3, 4 HAVING sum(c.offered) <> 0 OR sum(CASE WHEN c.status = 'PENDING' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'CONFIRMED' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'CHECKED_IN' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'IN_PROGRESS' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'COMPLETED' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'CANCELLED' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'NO_SHOW' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'DECLINED' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.is_first_visit AND c.status NOT IN ('CANCELLED', 'DECLINED') THEN c.appointments ELSE 0 END) <> 0 OR sum(c.freed) <> 0 OR sum(c.refilled) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id
    ON CONFLICT (doctor_id, clinic_id, days, first_day) DO UPDATE SET offered = r.offered + excluded.offered, pending = r.pending + excluded.pending, confirmed = r.confirmed + excluded.confirmed, checked_in = r.checked_in + excluded.checked_in, in_progress = r.in_progress + excluded.in_progress, completed = r.completed + excluded.completed, cancelled = r.cancelled + excluded.cancelled, no_show = r.no_show + excluded.no_show, declined = r.declined + excluded.declined, first_visits = r.first_visits + excluded.first_visits, freed = r.freed + excluded.freed, refilled = r.refilled + excluded.refilled),
  roll_up_lead_times_added AS (
    INSERT INTO roll_up_lead_times AS r (doctor_id, clinic_id, days, first_day, lead_days, appointments)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, c.lead_days AS lead_days, sum(c.appointments)::bigint AS appointments
    FROM changes c CROSS JOIN LATERAL (VALUES (c.doctor_id, c.clinic_id), (0, c.clinic_id), (0, 0)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (256), (16), (1)) span (days)
    WHERE c.status NOT IN ('CANCELLED', 'DECLINED') GROUP BY 1, 2, 3, 4, 5 HAVING sum(c.appointments) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id, lead_days
    ON CONFLICT (doctor_id, clinic_id, days, first_day, lead_days) DO UPDATE SET appointments = r.appointments + excluded.appointments),
  roll_up_hours_added AS (
    INSERT INTO roll_up_hours AS r (doctor_id, clinic_id, days, first_day, weekday, hour, appointments)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, extract(isodow FROM c.day)::smallint AS weekday, c.hour AS hour, sum(c.appointments)::bigint AS appointments
    FROM changes c CROSS JOIN LATERAL (VALUES (0, c.clinic_id), (0, 0)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (256), (16), (1)) span (days)
    WHERE c.status NOT IN ('CANCELLED', 'DECLINED') GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(c.appointments) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id, weekday, hour
    ON CONFLICT (doctor_id, clinic_id, days, first_day, weekday, hour) DO UPDATE SET appointments = r.appointments + excluded.appointments)
  INSERT INTO roll_up_revenue AS r (doctor_id, clinic_id, days, first_day, currency, captured_minor, refunded_minor)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, c.currency AS currency, sum(c.captured_minor)::bigint AS captured_minor, sum(c.refunded_minor)::bigint AS refunded_minor
    FROM changes c CROSS JOIN LATERAL (VALUES (c.doctor_id, c.clinic_id), (0, c.clinic_id), (0, 0)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (256), (64), (16), (4), (1)) span (days)
    WHERE c.currency IS NOT NULL GROUP BY 1, 2, 3, 4, 5 HAVING sum(c.captured_minor) <> 0 OR sum(c.refunded_minor) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id, currency
    ON CONFLICT (doctor_id, clinic_id, days, first_day, currency) DO UPDATE SET captured_minor = r.captured_minor + excluded.captured_minor, refunded_minor = r.refunded_minor + excluded.refunded_minor;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION appointments_added_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO roll_up_changes
      (doctor_id, clinic_id, day, status, hour, lead_days, is_first_visit, appointments)
    SELECT c.doctor_id, c.clinic_id, c.local_day, c.status, extract(hour FROM c.starts_at AT TIME ZONE k.time_zone), greatest(floor(extract(epoch FROM c.starts_at - c.booked_at) / 86400), 0),
      c.is_first_visit, sum(c.n)
    FROM (SELECT 1 AS n, made.* FROM made) c JOIN clinics k ON k.id = c.clinic_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(c.n) <> 0;
  PERFORM FROM slots WHERE id IN (
      SELECT m.slot_id FROM (SELECT c.slot_id, coalesce(sum(c.n) FILTER (WHERE c.keeps_seat), 0) AS kept,
            coalesce(sum(c.n) FILTER (WHERE NOT c.keeps_seat), 0) AS freed
          FROM (SELECT 1 AS n, made.* FROM made) c GROUP BY c.slot_id) m WHERE m.kept <> 0 OR m.freed <> 0) ORDER BY id FOR NO KEY UPDATE;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, freed, refilled)
    SELECT s.doctor_id, s.clinic_id, s.local_day, sum(m.freed), sum(greatest(now.kept + now.freed - s.capacity, 0) - greatest(now.kept - m.kept + now.freed - m.freed - s.capacity, 0))
    FROM (SELECT c.slot_id, coalesce(sum(c.n) FILTER (WHERE c.keeps_seat), 0) AS kept,
            coalesce(sum(c.n) FILTER (WHERE NOT c.keeps_seat), 0) AS freed
          FROM (SELECT 1 AS n, made.* FROM made) c GROUP BY c.slot_id) m JOIN slots s ON s.id = m.slot_id
      CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE a.keeps_seat) AS kept, count(*) FILTER (WHERE NOT a.keeps_seat) AS freed
        FROM appointments a WHERE a.slot_id = m.slot_id) now
    WHERE m.kept <> 0 OR m.freed <> 0
    GROUP BY 1, 2, 3 HAVING sum(m.freed) <> 0 OR sum(greatest(now.kept + now.freed - s.capacity, 0) - greatest(now.kept - m.kept + now.freed - m.freed - s.capacity, 0)) <> 0;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION payments_added_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM appointments WHERE id IN (
      SELECT c.appointment_id FROM (SELECT 1 AS n, made.* FROM made) c WHERE c.captured_minor <> 0) ORDER BY id FOR NO KEY UPDATE;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, currency, captured_minor, refunded_minor)
    SELECT a.doctor_id, a.clinic_id, (coalesce(c.captured_at, c.created_at) AT TIME ZONE k.time_zone)::date, c.currency,
      sum(c.n * c.captured_minor), sum(c.n * c.refunded_minor)
    FROM (SELECT 1 AS n, made.* FROM made) c JOIN appointments a ON a.id = c.appointment_id JOIN clinics k ON k.id = a.clinic_id
    WHERE c.captured_minor <> 0 GROUP BY 1, 2, 3, 4
    HAVING sum(c.n * c.captured_minor) <> 0 OR sum(c.n * c.refunded_minor) <> 0;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION slots_added_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, offered)
    SELECT c.doctor_id, c.clinic_id, c.local_day, sum(c.n * (CASE WHEN c.is_active THEN c.capacity ELSE c.booked_count END))
    FROM (SELECT 1 AS n, made.* FROM made) c GROUP BY 1, 2, 3 HAVING sum(c.n * (CASE WHEN c.is_active THEN c.capacity ELSE c.booked_count END)) <> 0;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION appointments_removed_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO roll_up_changes
      (doctor_id, clinic_id, day, status, hour, lead_days, is_first_visit, appointments)
    SELECT c.doctor_id, c.clinic_id, c.local_day, c.status, extract(hour FROM c.starts_at AT TIME ZONE k.time_zone), greatest(floor(extract(epoch FROM c.starts_at - c.booked_at) / 86400), 0),
      c.is_first_visit, sum(c.n)
    FROM (SELECT -1 AS n, gone.* FROM gone) c JOIN clinics k ON k.id = c.clinic_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(c.n) <> 0;
  PERFORM FROM slots WHERE id IN (
      SELECT m.slot_id FROM (SELECT c.slot_id, coalesce(sum(c.n) FILTER (WHERE c.keeps_seat), 0) AS kept,
            coalesce(sum(c.n) FILTER (WHERE NOT c.keeps_seat), 0) AS freed
          FROM (SELECT -1 AS n, gone.* FROM gone) c GROUP BY c.slot_id) m WHERE m.kept <> 0 OR m.freed <> 0) ORDER BY id FOR NO KEY UPDATE;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, freed, refilled)
    SELECT s.doctor_id, s.clinic_id, s.local_day, sum(m.freed), sum(greatest(now.kept + now.freed - s.capacity, 0) - greatest(now.kept - m.kept + now.freed - m.freed - s.capacity, 0))
    FROM (SELECT c.slot_id, coalesce(sum(c.n) FILTER (WHERE c.keeps_seat), 0) AS kept,
            coalesce(sum(c.n) FILTER (WHERE NOT c.keeps_seat), 0) AS freed
          FROM (SELECT -1 AS n, gone.* FROM gone) c GROUP BY c.slot_id) m JOIN slots s ON s.id = m.slot_id
      CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE a.keeps_seat) AS kept, count(*) FILTER (WHERE NOT a.keeps_seat) AS freed
        FROM appointments a WHERE a.slot_id = m.slot_id) now
    WHERE m.kept <> 0 OR m.freed <> 0
    GROUP BY 1, 2, 3 HAVING sum(m.freed) <> 0 OR sum(greatest(now.kept + now.freed - s.capacity, 0) - greatest(now.kept - m.kept + now.freed - m.freed - s.capacity, 0)) <> 0;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION payments_removed_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM appointments WHERE id IN (
      SELECT c.appointment_id FROM (SELECT -1 AS n, gone.* FROM gone) c WHERE c.captured_minor <> 0) ORDER BY id FOR NO KEY UPDATE;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, currency, captured_minor, refunded_minor)
    SELECT a.doctor_id, a.clinic_id, (coalesce(c.captured_at, c.created_at) AT TIME ZONE k.time_zone)::date, c.currency,
      sum(c.n * c.captured_minor), sum(c.n * c.refunded_minor)
    FROM (SELECT -1 AS n, gone.* FROM gone) c JOIN appointments a ON a.id = c.appointment_id JOIN clinics k ON k.id = a.clinic_id
    WHERE c.captured_minor <> 0 GROUP BY 1, 2, 3, 4
    HAVING sum(c.n * c.captured_minor) <> 0 OR sum(c.n * c.refunded_minor) <> 0;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION slots_removed_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, offered)
    SELECT c.doctor_id, c.clinic_id, c.local_day, sum(c.n * (CASE WHEN c.is_active THEN c.capacity ELSE c.booked_count END))
    FROM (SELECT -1 AS n, gone.* FROM gone) c GROUP BY 1, 2, 3 HAVING sum(c.n * (CASE WHEN c.is_active THEN c.capacity ELSE c.booked_count END)) <> 0;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION appointments_updated_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO roll_up_changes
      (doctor_id, clinic_id, day, status, hour, lead_days, is_first_visit, appointments)
    SELECT c.doctor_id, c.clinic_id, c.local_day, c.status, extract(hour FROM c.starts_at AT TIME ZONE k.time_zone), greatest(floor(extract(epoch FROM c.starts_at - c.booked_at) / 86400), 0),
      c.is_first_visit, sum(c.n)
    FROM (SELECT -1 AS n, gone.* FROM gone UNION ALL SELECT 1 AS n, made.* FROM made) c JOIN clinics k ON k.id = c.clinic_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(c.n) <> 0;
  PERFORM FROM slots WHERE id IN (
      SELECT m.slot_id FROM (SELECT c.slot_id, coalesce(sum(c.n) FILTER (WHERE c.keeps_seat), 0) AS kept,
            coalesce(sum(c.n) FILTER (WHERE NOT c.keeps_seat), 0) AS freed
          FROM (SELECT -1 AS n, gone.* FROM gone UNION ALL SELECT 1 AS n, made.* FROM made) c GROUP BY c.slot_id) m WHERE m.kept <> 0 OR m.freed <> 0) ORDER BY id FOR NO KEY UPDATE;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, freed, refilled)
    SELECT s.doctor_id, s.clinic_id, s.local_day, sum(m.freed), sum(greatest(now.kept + now.freed - s.capacity, 0) - greatest(now.kept - m.kept + now.freed - m.freed - s.capacity, 0))
    FROM (SELECT c.slot_id, coalesce(sum(c.n) FILTER (WHERE c.keeps_seat), 0) AS kept,
            coalesce(sum(c.n) FILTER (WHERE NOT c.keeps_seat), 0) AS freed
          FROM (SELECT -1 AS n, gone.* FROM gone UNION ALL SELECT 1 AS n, made.* FROM made) c GROUP BY c.slot_id) m JOIN slots s ON s.id = m.slot_id
      CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE a.keeps_seat) AS kept, count(*) FILTER (WHERE NOT a.keeps_seat) AS freed
        FROM appointments a WHERE a.slot_id = m.slot_id) now
    WHERE m.kept <> 0 OR m.freed <> 0
    GROUP BY 1, 2, 3 HAVING sum(m.freed) <> 0 OR sum(greatest(now.kept + now.freed - s.capacity, 0) - greatest(now.kept - m.kept + now.freed - m.freed - s.capacity, 0)) <> 0;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, currency, captured_minor, refunded_minor)
    SELECT place.doctor_id, place.clinic_id, (coalesce(p.captured_at, p.created_at) AT TIME ZONE k.time_zone)::date, p.currency,
      sum(place.n * p.captured_minor), sum(place.n * p.refunded_minor)
    FROM gone JOIN made ON made.id = gone.id
      CROSS JOIN LATERAL (VALUES (-1, gone.doctor_id, gone.clinic_id), (1, made.doctor_id, made.clinic_id))
        place (n, doctor_id, clinic_id)
      JOIN clinics k ON k.id = place.clinic_id
      JOIN payments p ON p.appointment_id = made.id
    WHERE (gone.doctor_id, gone.clinic_id) <> (made.doctor_id, made.clinic_id) AND p.captured_minor <> 0
    GROUP BY 1, 2, 3, 4 HAVING sum(place.n * p.captured_minor) <> 0 OR sum(place.n * p.refunded_minor) <> 0;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION payments_updated_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM appointments WHERE id IN (
      SELECT c.appointment_id FROM (SELECT -1 AS n, gone.* FROM gone UNION ALL SELECT 1 AS n, made.* FROM made) c WHERE c.captured_minor <> 0) ORDER BY id FOR NO KEY UPDATE;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, currency, captured_minor, refunded_minor)
    SELECT a.doctor_id, a.clinic_id, (coalesce(c.captured_at, c.created_at) AT TIME ZONE k.time_zone)::date, c.currency,
      sum(c.n * c.captured_minor), sum(c.n * c.refunded_minor)
    FROM (SELECT -1 AS n, gone.* FROM gone UNION ALL SELECT 1 AS n, made.* FROM made) c JOIN appointments a ON a.id = c.appointment_id JOIN clinics k ON k.id = a.clinic_id
    WHERE c.captured_minor <> 0 GROUP BY 1, 2, 3, 4
    HAVING sum(c.n * c.captured_minor) <> 0 OR sum(c.n * c.refunded_minor) <> 0;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION slots_changed_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  more integer := (CASE WHEN NEW.is_active THEN NEW.capacity ELSE NEW.booked_count END) - (CASE WHEN OLD.is_active THEN OLD.capacity ELSE OLD.booked_count END);
  freed bigint := 0;
  again bigint := 0;
BEGIN
  IF OLD.capacity <> NEW.capacity THEN
    SELECT count(*) INTO freed FROM appointments a WHERE a.slot_id = NEW.id AND NOT a.keeps_seat;
    again := greatest(NEW.booked_count + freed - NEW.capacity, 0)
      - greatest(NEW.booked_count + freed - OLD.capacity, 0);
  END IF;
  IF more <> 0 OR again <> 0 THEN
    INSERT INTO roll_up_changes (doctor_id, clinic_id, day, offered, refilled)
      VALUES (NEW.doctor_id, NEW.clinic_id, NEW.local_day, more, again);
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION clinics_zone_changed_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE appointments, payments IN SHARE ROW EXCLUSIVE MODE;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, status, hour, lead_days, is_first_visit, appointments)
    SELECT c.doctor_id, c.clinic_id, c.local_day, c.status, extract(hour FROM c.starts_at AT TIME ZONE z.zone), greatest(floor(extract(epoch FROM c.starts_at - c.booked_at) / 86400), 0),
      c.is_first_visit, sum(z.n)
    FROM appointments c CROSS JOIN (VALUES (-1, OLD.time_zone), (1, NEW.time_zone)) z (n, zone)
    WHERE c.clinic_id = NEW.id GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(z.n) <> 0;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, currency, captured_minor, refunded_minor)
    SELECT a.doctor_id, a.clinic_id, (coalesce(p.captured_at, p.created_at) AT TIME ZONE z.zone)::date, p.currency,
      sum(z.n * p.captured_minor), sum(z.n * p.refunded_minor)
    FROM appointments a JOIN payments p ON p.appointment_id = a.id
      CROSS JOIN (VALUES (-1, OLD.time_zone), (1, NEW.time_zone)) z (n, zone)
    WHERE a.clinic_id = NEW.id AND p.captured_minor <> 0 GROUP BY 1, 2, 3, 4
    HAVING sum(z.n * p.captured_minor) <> 0 OR sum(z.n * p.refunded_minor) <> 0;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION appointment_timeline_fill_clinic() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT clinic_id INTO NEW.clinic_id FROM appointments WHERE id = NEW.appointment_id;
  RETURN NEW;
END $$
""",
)
TRIGGERS = (
    """
CREATE TRIGGER roll_up_changes_fold AFTER INSERT ON roll_up_changes
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION roll_up_changes_fold()
""",
    """
CREATE TRIGGER appointments_added_roll_up AFTER INSERT ON appointments
  REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION appointments_added_roll_up()
""",
    """
CREATE TRIGGER appointments_removed_roll_up AFTER DELETE ON appointments
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION appointments_removed_roll_up()
""",
    """
CREATE TRIGGER appointments_updated_roll_up AFTER UPDATE ON appointments
  REFERENCING OLD TABLE AS gone NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION appointments_updated_roll_up()
""",
    """
CREATE TRIGGER payments_added_roll_up AFTER INSERT ON payments
  REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION payments_added_roll_up()
""",
    """
CREATE TRIGGER payments_removed_roll_up AFTER DELETE ON payments
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION payments_removed_roll_up()
""",
    """
CREATE TRIGGER payments_updated_roll_up AFTER UPDATE ON payments
  REFERENCING OLD TABLE AS gone NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION payments_updated_roll_up()
""",
    """
CREATE TRIGGER slots_added_roll_up AFTER INSERT ON slots
  REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION slots_added_roll_up()
""",
    """
CREATE TRIGGER slots_removed_roll_up AFTER DELETE ON slots
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION slots_removed_roll_up()
""",
    """
CREATE TRIGGER slots_changed_roll_up AFTER UPDATE ON slots
  FOR EACH ROW WHEN ((OLD.capacity, OLD.is_active) IS DISTINCT FROM (NEW.capacity, NEW.is_active)
    OR NOT NEW.is_active AND OLD.booked_count <> NEW.booked_count)
  EXECUTE FUNCTION slots_changed_roll_up()
""",
    """
CREATE TRIGGER clinics_zone_changed_roll_up AFTER UPDATE OF time_zone ON clinics
  FOR EACH ROW WHEN (OLD.time_zone IS DISTINCT FROM NEW.time_zone) EXECUTE FUNCTION clinics_zone_changed_roll_up()
""",
    """
CREATE TRIGGER appointment_timeline_clinic BEFORE INSERT ON appointment_timeline
  FOR EACH ROW WHEN (NEW.clinic_id IS NULL) EXECUTE FUNCTION appointment_timeline_fill_clinic()
""",
)
FACTS = """
INSERT INTO roll_up_changes
      (doctor_id, clinic_id, day, status, hour, lead_days, is_first_visit, appointments)
    SELECT c.doctor_id, c.clinic_id, c.local_day, c.status, extract(hour FROM c.starts_at AT TIME ZONE k.time_zone), greatest(floor(extract(epoch FROM c.starts_at - c.booked_at) / 86400), 0),
      c.is_first_visit, sum(c.n)
    FROM (SELECT 1 AS n, appointments.* FROM appointments) c JOIN clinics k ON k.id = c.clinic_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(c.n) <> 0
    ORDER BY 1, 2, 3, 4, 5, 6, 7;
INSERT INTO roll_up_changes (doctor_id, clinic_id, day, offered)
    SELECT c.doctor_id, c.clinic_id, c.local_day, sum(c.n * (CASE WHEN c.is_active THEN c.capacity ELSE c.booked_count END))
    FROM (SELECT 1 AS n, slots.* FROM slots) c GROUP BY 1, 2, 3 HAVING sum(c.n * (CASE WHEN c.is_active THEN c.capacity ELSE c.booked_count END)) <> 0
    ORDER BY 1, 2, 3;
INSERT INTO roll_up_changes (doctor_id, clinic_id, day, currency, captured_minor, refunded_minor)
    SELECT a.doctor_id, a.clinic_id, (coalesce(c.captured_at, c.created_at) AT TIME ZONE k.time_zone)::date, c.currency,
      sum(c.n * c.captured_minor), sum(c.n * c.refunded_minor)
    FROM (SELECT 1 AS n, payments.* FROM payments) c JOIN appointments a ON a.id = c.appointment_id JOIN clinics k ON k.id = a.clinic_id
    WHERE c.captured_minor <> 0 GROUP BY 1, 2, 3, 4
    HAVING sum(c.n * c.captured_minor) <> 0 OR sum(c.n * c.refunded_minor) <> 0
    ORDER BY 1, 2, 3, 4;
INSERT INTO roll_up_changes (doctor_id, clinic_id, day, freed, refilled)
    SELECT s.doctor_id, s.clinic_id, s.local_day, sum(now.freed),
      sum(greatest(now.kept + now.freed - s.capacity, 0))
    FROM (SELECT slot_id, count(*) FILTER (WHERE keeps_seat) AS kept, count(*) FILTER (WHERE NOT keeps_seat) AS freed
      FROM appointments GROUP BY slot_id HAVING bool_or(NOT keeps_seat)) now JOIN slots s ON s.id = now.slot_id
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
"""
SPAN = ("doctor_id", "clinic_id", "days", "first_day")
COUNTS = (
    "offered", "pending", "confirmed", "checked_in", "in_progress", "completed", "cancelled", "no_show", "declined",
    "first_visits", "freed", "refilled",
)  # fmt: skip
STATUSES = ("PENDING", "CONFIRMED", "CHECKED_IN", "IN_PROGRESS", "COMPLETED", "CANCELLED", "NO_SHOW", "DECLINED")


def zero(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def span_table(name: str, *columns: sa.Column[Any], sums: tuple[str, ...]) -> None:
    """A table of figures by span and scope, and by more columns that are part of its key."""
    op.create_table(
        name,
        sa.Column("days", sa.SmallInteger(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        *columns,
        *(zero(each) for each in sums),
        sa.PrimaryKeyConstraint(*SPAN, *(column.name for column in columns), name=op.f(f"{name}_pkey")),
    )


def upgrade() -> None:
    span_table("roll_up_counts", sums=COUNTS)
    span_table("roll_up_lead_times", sa.Column("lead_days", sa.BigInteger(), nullable=False), sums=("appointments",))
    span_table(
        "roll_up_hours",
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sums=("appointments",),
    )
    span_table(
        "roll_up_revenue",
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sums=("captured_minor", "refunded_minor"),
    )
    for table in ("roll_up_counts", "roll_up_revenue"):
        for kind, rows in (("doctors", "doctor_id > 0"), ("clinics", "doctor_id = 0")):
            op.create_index(
                f"{table}_{kind}_idx", table, ["days", "first_day", "clinic_id"], postgresql_where=sa.text(rows)
            )
    status = sa.Enum(*STATUSES, name="status_known", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "roll_up_changes",
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("status", status, nullable=True),
        sa.Column("hour", sa.SmallInteger(), nullable=True),
        sa.Column("lead_days", sa.BigInteger(), nullable=True),
        sa.Column("is_first_visit", sa.Boolean(), nullable=True),
        *(zero(name) for name in ("appointments", "offered", "freed", "refilled", "captured_minor", "refunded_minor")),
        sa.Column("currency", sa.CHAR(length=3), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(status IS NULL) = (appointments = 0)", name=op.f("roll_up_changes_appointments_have_status")
        ),
        sa.CheckConstraint(
            "(currency IS NULL) = (captured_minor = 0 AND refunded_minor = 0)",
            name=op.f("roll_up_changes_money_has_currency"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("roll_up_changes_pkey")),
    )
    op.add_column("appointment_timeline", sa.Column("clinic_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE appointment_timeline t SET clinic_id = a.clinic_id FROM appointments a WHERE a.id = appointment_id"
    )
    op.alter_column("appointment_timeline", "clinic_id", nullable=False)
    op.create_foreign_key(
        op.f("appointment_timeline_clinic_id_fkey"), "appointment_timeline", "clinics", ["clinic_id"], ["id"]
    )
    op.create_index(op.f("appointment_timeline_clinic_id_id_idx"), "appointment_timeline", ["clinic_id", "id"])
    for statement in (*FUNCTIONS, *TRIGGERS):
        op.execute(sa.text(statement.replace(":", "\\:")))
    for statement in FACTS.split(";\n"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    for trigger, table in (
        ("roll_up_changes_fold", "roll_up_changes"),
        ("appointments_added_roll_up", "appointments"),
        ("appointments_removed_roll_up", "appointments"),
        ("appointments_updated_roll_up", "appointments"),
        ("payments_added_roll_up", "payments"),
        ("payments_removed_roll_up", "payments"),
        ("payments_updated_roll_up", "payments"),
        ("slots_added_roll_up", "slots"),
        ("slots_removed_roll_up", "slots"),
        ("slots_changed_roll_up", "slots"),
        ("clinics_zone_changed_roll_up", "clinics"),
        ("appointment_timeline_clinic", "appointment_timeline"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in (
        "roll_up_changes_fold",
        "appointments_added_roll_up",
        "payments_added_roll_up",
        "slots_added_roll_up",
        "appointments_removed_roll_up",
        "payments_removed_roll_up",
        "slots_removed_roll_up",
        "appointments_updated_roll_up",
        "payments_updated_roll_up",
        "slots_changed_roll_up",
        "clinics_zone_changed_roll_up",
        "appointment_timeline_fill_clinic",
    ):
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_index(op.f("appointment_timeline_clinic_id_id_idx"), table_name="appointment_timeline")
    op.drop_column("appointment_timeline", "clinic_id")
    for table in ("roll_up_changes", "roll_up_revenue", "roll_up_hours", "roll_up_lead_times", "roll_up_counts"):
        op.drop_table(table)
