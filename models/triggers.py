"""What a CHECK cannot say: counters and copies that PostgreSQL keeps true whoever writes.

Every rule raises with the name of a constraint, as a CHECK would, so that callers map names to error codes.
"""

from sqlalchemy import DDL, event

from models.base import Base

FUNCTIONS = (
    """
CREATE FUNCTION slots_fill_local_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT (NEW.starts_at AT TIME ZONE time_zone)::date INTO NEW.local_day FROM clinics WHERE id = NEW.clinic_id;
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION slots_refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a slot does not move: make another one'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'slots_do_not_move', TABLE = 'slots';
END $$
""",
    """
CREATE FUNCTION appointments_copy_slot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT doctor_id, clinic_id, starts_at, ends_at, local_day
    INTO NEW.doctor_id, NEW.clinic_id, NEW.starts_at, NEW.ends_at, NEW.local_day
    FROM slots WHERE id = NEW.slot_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'slot % does not exist', NEW.slot_id
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'appointments_slot_id_fkey', TABLE = 'appointments';
  END IF;
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION appointments_count_seat() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  taken integer;
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.keeps_seat THEN
    UPDATE slots SET booked_count = booked_count - 1, unpaid_count = unpaid_count - OLD.awaits_payment::int
      WHERE id = OLD.slot_id;
    IF NOT OLD.is_override THEN
      UPDATE doctor_days SET booked_count = booked_count - 1
        WHERE doctor_id = OLD.doctor_id AND day = OLD.local_day;
    END IF;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.keeps_seat THEN
    UPDATE slots SET booked_count = booked_count + 1, unpaid_count = unpaid_count + NEW.awaits_payment::int
      WHERE id = NEW.slot_id;
    IF NOT NEW.is_override THEN
      INSERT INTO doctor_days AS d (doctor_id, day, booked_count) VALUES (NEW.doctor_id, NEW.local_day, 1)
        ON CONFLICT (doctor_id, day) DO UPDATE SET booked_count = d.booked_count + 1
        RETURNING booked_count INTO taken;
      IF taken > (SELECT daily_patient_limit FROM doctors WHERE id = NEW.doctor_id) THEN
        RAISE EXCEPTION 'doctor % has no appointment left on %', NEW.doctor_id, NEW.local_day
          USING ERRCODE = 'check_violation', CONSTRAINT = 'doctor_days_within_daily_limit', TABLE = 'doctor_days';
      END IF;
    END IF;
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION holds_count_seat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.released_at IS NULL THEN
    UPDATE slots SET held_count = held_count - 1 WHERE id = OLD.slot_id;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.released_at IS NULL THEN
    UPDATE slots SET held_count = held_count + 1 WHERE id = NEW.slot_id;
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION ledger_entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.transaction_id ELSE NEW.transaction_id END;
BEGIN
  IF EXISTS (SELECT FROM ledger_entries WHERE transaction_id = changed
             GROUP BY currency HAVING sum(amount_minor) <> 0) THEN
    RAISE EXCEPTION 'ledger transaction % does not sum to zero', changed
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_balance', TABLE = 'ledger_entries';
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION patients_copy_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.user_id IS NOT NULL THEN
    SELECT name INTO NEW.name FROM users WHERE id = NEW.user_id;
  END IF;
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION users_tell_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE patients SET name = NEW.name WHERE user_id = NEW.id;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only', TABLE = TG_TABLE_NAME;
END $$
""",
)

TRIGGERS = (
    """
CREATE TRIGGER slots_local_day BEFORE INSERT ON slots
  FOR EACH ROW EXECUTE FUNCTION slots_fill_local_day()
""",
    """
CREATE TRIGGER slots_stay BEFORE UPDATE OF doctor_id, clinic_id, starts_at, ends_at ON slots
  FOR EACH ROW WHEN ((OLD.doctor_id, OLD.clinic_id, OLD.starts_at, OLD.ends_at)
    IS DISTINCT FROM (NEW.doctor_id, NEW.clinic_id, NEW.starts_at, NEW.ends_at))
  EXECUTE FUNCTION slots_refuse_move()
""",
    """
CREATE TRIGGER appointments_slot_copy
  BEFORE INSERT OR UPDATE OF slot_id, doctor_id, clinic_id, starts_at, ends_at, local_day ON appointments
  FOR EACH ROW EXECUTE FUNCTION appointments_copy_slot()
""",
    """
CREATE TRIGGER appointments_seat_added AFTER INSERT OR DELETE ON appointments
  FOR EACH ROW EXECUTE FUNCTION appointments_count_seat()
""",
    """
CREATE TRIGGER appointments_seat_changed AFTER UPDATE ON appointments
  FOR EACH ROW WHEN ((OLD.slot_id, OLD.keeps_seat, OLD.awaits_payment, OLD.is_override)
    IS DISTINCT FROM (NEW.slot_id, NEW.keeps_seat, NEW.awaits_payment, NEW.is_override))
  EXECUTE FUNCTION appointments_count_seat()
""",
    """
CREATE TRIGGER holds_seat_added AFTER INSERT OR DELETE ON holds
  FOR EACH ROW EXECUTE FUNCTION holds_count_seat()
""",
    """
CREATE TRIGGER holds_seat_changed AFTER UPDATE ON holds
  FOR EACH ROW WHEN ((OLD.slot_id, OLD.released_at IS NULL) IS DISTINCT FROM (NEW.slot_id, NEW.released_at IS NULL))
  EXECUTE FUNCTION holds_count_seat()
""",
    """
CREATE CONSTRAINT TRIGGER ledger_entries_balanced AFTER INSERT OR UPDATE OR DELETE ON ledger_entries
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entries_balance()
""",
    """
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION refuse_change()
""",
    """
CREATE TRIGGER patients_name_copy BEFORE INSERT OR UPDATE OF user_id, name ON patients
  FOR EACH ROW EXECUTE FUNCTION patients_copy_name()
""",
    """
CREATE TRIGGER users_name_told AFTER UPDATE OF name ON users
  FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION users_tell_name()
""",
    """
CREATE TRIGGER audit_records_append_only BEFORE UPDATE OR DELETE ON audit_records
  FOR EACH ROW EXECUTE FUNCTION refuse_change()
""",
)


def attach() -> None:
    """Makes `metadata.create_all` create the functions and triggers too."""
    for statement in (*FUNCTIONS, *TRIGGERS):
        event.listen(Base.metadata, "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


attach()
