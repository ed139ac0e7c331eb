"""Bookings cost less: no look-ups of what is known, and few statements call the folding of roll-ups."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OF_MANY = """
CREATE TRIGGER roll_up_changes_fold AFTER INSERT ON roll_up_changes
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION roll_up_changes_fold()
"""
OF_EACH = """
CREATE TRIGGER roll_up_changes_fold AFTER INSERT ON roll_up_changes
  FOR EACH ROW WHEN (NEW.id % 128 = 0) EXECUTE FUNCTION roll_up_changes_fold()
"""
IF_MANY = """  IF (SELECT coalesce(max(id) / 128 = (min(id) - 1) / 128, true) FROM added)
    OR NOT pg_try_advisory_xact_lock(7250113902462610514) THEN
"""
IF_EACH = """  IF NOT EXISTS (SELECT FROM roll_up_changes WHERE id = NEW.id) OR NOT pg_try_advisory_xact_lock(7250113902462610514) THEN
"""
POINTED_AT = {"clinic_id": "clinics", "to_slot_id": "slots"}
ADDED_BEFORE = """
CREATE OR REPLACE FUNCTION appointments_added_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""
ADDED = """
CREATE OR REPLACE FUNCTION appointments_added_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO roll_up_changes
      (doctor_id, clinic_id, day, status, hour, lead_days, is_first_visit, appointments)
    SELECT c.doctor_id, c.clinic_id, c.local_day, c.status, extract(hour FROM c.starts_at AT TIME ZONE k.time_zone), greatest(floor(extract(epoch FROM c.starts_at - c.booked_at) / 86400), 0),
      c.is_first_visit, 1
    FROM made c JOIN clinics k ON k.id = c.clinic_id;
  IF EXISTS (SELECT FROM made JOIN appointments a ON a.slot_id = made.slot_id WHERE NOT a.keeps_seat) THEN
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
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    _fold(IF_MANY, IF_EACH, OF_EACH)
    op.execute(sa.text(ADDED.replace(":", "\\:")))
    for column in POINTED_AT:
        op.drop_constraint(f"appointment_timeline_{column}_fkey", "appointment_timeline", type_="foreignkey")
    op.drop_index("appointment_timeline_to_slot_id_idx", "appointment_timeline")
    op.drop_constraint("outbox_events_position_key", "outbox_events", type_="unique")
    op.create_index(
        "outbox_events_position_key",
        "outbox_events",
        ["position"],
        unique=True,
        postgresql_where=sa.text("position IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("outbox_events_position_key", "outbox_events")
    op.create_unique_constraint("outbox_events_position_key", "outbox_events", ["position"])
    op.create_index("appointment_timeline_to_slot_id_idx", "appointment_timeline", ["to_slot_id"])
    for column, table in POINTED_AT.items():
        op.create_foreign_key(f"appointment_timeline_{column}_fkey", "appointment_timeline", table, [column], ["id"])
    op.execute(sa.text(ADDED_BEFORE.replace(":", "\\:")))
    _fold(IF_EACH, IF_MANY, OF_MANY)


def _fold(before: str, after: str, trigger: str) -> None:
    """Changes when the function folds, and leaves how."""
    (text,) = op.get_bind().execute(sa.text("SELECT pg_get_functiondef('roll_up_changes_fold'::regproc)")).one()
    assert before in text
    op.execute("DROP TRIGGER roll_up_changes_fold ON roll_up_changes")
    op.execute(sa.text(text.replace(before, after).replace(":", "\\:")))
    op.execute(trigger)
