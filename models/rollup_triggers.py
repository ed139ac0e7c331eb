"""Who writes the roll-ups: PostgreSQL, in the transaction that changes slots, appointments or payments.

A statement adds its changes to `roll_up_changes`, which locks nothing. Now and then one of them finds that enough have
come together and folds them, unless somebody else does at this moment. Only who folds writes the roll-up tables, so
nobody ever waits for their rows. Locks that are taken here come in the documented order and by id: the appointments of
changed payments, the slots of appointments that free or take a seat. A doctor's change of specialty moves her figures:
it waits for who folds, and nobody folds before it has committed.
"""

from sqlalchemy import DDL, event

from models.base import Base
from models.rollup_folding import (
    ROLL_UPS,
    SPECIALTY_BOOKINGS,
    SPECIALTY_REVENUE,
    TOP_BOOKINGS,
    TOP_REVENUE,
    RollUp,
)

FOLD_EVERY = 128
FOLDING = 7_250_113_902_462_610_514  # the key of the advisory lock of who folds: any number

ADDED, REMOVED = "SELECT 1 AS n, made.* FROM made", "SELECT -1 AS n, gone.* FROM gone"
CHANGES = {
    "INSERT": (ADDED, "NEW TABLE AS made"),
    "DELETE": (REMOVED, "OLD TABLE AS gone"),
    "UPDATE": (f"{REMOVED} UNION ALL {ADDED}", "OLD TABLE AS gone NEW TABLE AS made"),
}

HOUR = "extract(hour FROM c.starts_at AT TIME ZONE {zone})"
LEAD_DAYS = "greatest(floor(extract(epoch FROM c.starts_at - c.booked_at) / 86400), 0)"
CAPTURED_ON = "(coalesce({payment}.captured_at, {payment}.created_at) AT TIME ZONE {zone})::date"
OFFERED = "CASE WHEN {slot}.is_active THEN {slot}.capacity ELSE {slot}.booked_count END"
REFILLED = "greatest({kept} + {freed} - {capacity}, 0)"


def appointments(changed: str) -> str:
    """The changes that appointments make, by day, status, hour and lead time; `changed` has a sign `n` for each row."""
    return f"""INSERT INTO roll_up_changes
      (doctor_id, clinic_id, day, status, hour, lead_days, is_first_visit, appointments)
    SELECT c.doctor_id, c.clinic_id, c.local_day, c.status, {HOUR.format(zone="k.time_zone")}, {LEAD_DAYS},
      c.is_first_visit, sum(c.n)
    FROM ({changed}) c JOIN clinics k ON k.id = c.clinic_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(c.n) <> 0;"""  # noqa: S608


APPOINTMENTS_ADDED = f"""INSERT INTO roll_up_changes
      (doctor_id, clinic_id, day, status, hour, lead_days, is_first_visit, appointments)
    SELECT c.doctor_id, c.clinic_id, c.local_day, c.status, {HOUR.format(zone="k.time_zone")}, {LEAD_DAYS},
      c.is_first_visit, 1
    FROM made c JOIN clinics k ON k.id = c.clinic_id;"""  # noqa: S608
"""New appointments nearly always come one by one: there is nothing to add up."""


def slots(changed: str) -> str:
    """The seats that slots offer."""
    offered = f"sum(c.n * ({OFFERED.format(slot='c')}))"
    return f"""INSERT INTO roll_up_changes (doctor_id, clinic_id, day, offered)
    SELECT c.doctor_id, c.clinic_id, c.local_day, {offered}
    FROM ({changed}) c GROUP BY 1, 2, 3 HAVING {offered} <> 0;"""  # noqa: S608


def payments(changed: str) -> str:
    """The money of payments."""
    return f"""INSERT INTO roll_up_changes (doctor_id, clinic_id, day, currency, captured_minor, refunded_minor)
    SELECT a.doctor_id, a.clinic_id, {CAPTURED_ON.format(payment="c", zone="k.time_zone")}, c.currency,
      sum(c.n * c.captured_minor), sum(c.n * c.refunded_minor)
    FROM ({changed}) c JOIN appointments a ON a.id = c.appointment_id JOIN clinics k ON k.id = a.clinic_id
    WHERE c.captured_minor <> 0 GROUP BY 1, 2, 3, 4
    HAVING sum(c.n * c.captured_minor) <> 0 OR sum(c.n * c.refunded_minor) <> 0;"""  # noqa: S608


def seats(changed: str) -> str:
    """Seats that were freed, and freed ones that are taken again, after the slots are locked."""
    moved = f"""SELECT c.slot_id, coalesce(sum(c.n) FILTER (WHERE c.keeps_seat), 0) AS kept,
            coalesce(sum(c.n) FILTER (WHERE NOT c.keeps_seat), 0) AS freed
          FROM ({changed}) c GROUP BY c.slot_id"""  # noqa: S608
    after = REFILLED.format(kept="now.kept", freed="now.freed", capacity="s.capacity")
    before = REFILLED.format(kept="now.kept - m.kept", freed="now.freed - m.freed", capacity="s.capacity")
    return f"""PERFORM FROM slots WHERE id IN (
      SELECT m.slot_id FROM ({moved}) m WHERE m.kept <> 0 OR m.freed <> 0) ORDER BY id FOR NO KEY UPDATE;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, freed, refilled)
    SELECT s.doctor_id, s.clinic_id, s.local_day, sum(m.freed), sum({after} - {before})
    FROM ({moved}) m JOIN slots s ON s.id = m.slot_id
      CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE a.keeps_seat) AS kept, count(*) FILTER (WHERE NOT a.keeps_seat) AS freed
        FROM appointments a WHERE a.slot_id = m.slot_id) now
    WHERE m.kept <> 0 OR m.freed <> 0
    GROUP BY 1, 2, 3 HAVING sum(m.freed) <> 0 OR sum({after} - {before}) <> 0;"""  # noqa: S608


def seats_added() -> str:
    """The same for new appointments, where a seat was freed at all. The slots of those who took one are locked."""
    work = seats(ADDED).replace("\n", "\n  ")
    return f"""IF EXISTS (SELECT FROM made JOIN appointments a ON a.slot_id = made.slot_id WHERE NOT a.keeps_seat) THEN
    {work}
  END IF;"""


PAYMENTS_MOVE = f"""INSERT INTO roll_up_changes (doctor_id, clinic_id, day, currency, captured_minor, refunded_minor)
    SELECT place.doctor_id, place.clinic_id, {CAPTURED_ON.format(payment="p", zone="k.time_zone")}, p.currency,
      sum(place.n * p.captured_minor), sum(place.n * p.refunded_minor)
    FROM gone JOIN made ON made.id = gone.id
      CROSS JOIN LATERAL (VALUES (-1, gone.doctor_id, gone.clinic_id), (1, made.doctor_id, made.clinic_id))
        place (n, doctor_id, clinic_id)
      JOIN clinics k ON k.id = place.clinic_id
      JOIN payments p ON p.appointment_id = made.id
    WHERE (gone.doctor_id, gone.clinic_id) <> (made.doctor_id, made.clinic_id) AND p.captured_minor <> 0
    GROUP BY 1, 2, 3, 4 HAVING sum(place.n * p.captured_minor) <> 0 OR sum(place.n * p.refunded_minor) <> 0;"""  # noqa: S608
"""The payments of appointments that went to another doctor or clinic go with them."""

LOCK_APPOINTMENTS = """PERFORM FROM appointments WHERE id IN (
      SELECT c.appointment_id FROM ({changed}) c WHERE c.captured_minor <> 0) ORDER BY id FOR NO KEY UPDATE;"""

SLOT_CHANGED = f"""
CREATE FUNCTION slots_changed_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  more integer := ({OFFERED.format(slot="NEW")}) - ({OFFERED.format(slot="OLD")});
  freed bigint := 0;
  again bigint := 0;
BEGIN
  IF OLD.capacity <> NEW.capacity THEN
    SELECT count(*) INTO freed FROM appointments a WHERE a.slot_id = NEW.id AND NOT a.keeps_seat;
    again := {REFILLED.format(kept="NEW.booked_count", freed="freed", capacity="NEW.capacity")}
      - {REFILLED.format(kept="NEW.booked_count", freed="freed", capacity="OLD.capacity")};
  END IF;
  IF more <> 0 OR again <> 0 THEN
    INSERT INTO roll_up_changes (doctor_id, clinic_id, day, offered, refilled)
      VALUES (NEW.doctor_id, NEW.clinic_id, NEW.local_day, more, again);
  END IF;
  RETURN NULL;
END $$
"""  # noqa: S608

# Whoever is writing has committed when the tables are locked, and whoever writes afterwards sees the new zone.
ZONE_CHANGED = f"""
CREATE FUNCTION clinics_zone_changed_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE appointments, payments IN SHARE ROW EXCLUSIVE MODE;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, status, hour, lead_days, is_first_visit, appointments)
    SELECT c.doctor_id, c.clinic_id, c.local_day, c.status, {HOUR.format(zone="z.zone")}, {LEAD_DAYS},
      c.is_first_visit, sum(z.n)
    FROM appointments c CROSS JOIN (VALUES (-1, OLD.time_zone), (1, NEW.time_zone)) z (n, zone)
    WHERE c.clinic_id = NEW.id GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(z.n) <> 0;
  INSERT INTO roll_up_changes (doctor_id, clinic_id, day, currency, captured_minor, refunded_minor)
    SELECT a.doctor_id, a.clinic_id, {CAPTURED_ON.format(payment="p", zone="z.zone")}, p.currency,
      sum(z.n * p.captured_minor), sum(z.n * p.refunded_minor)
    FROM appointments a JOIN payments p ON p.appointment_id = a.id
      CROSS JOIN (VALUES (-1, OLD.time_zone), (1, NEW.time_zone)) z (n, zone)
    WHERE a.clinic_id = NEW.id AND p.captured_minor <> 0 GROUP BY 1, 2, 3, 4
    HAVING sum(z.n * p.captured_minor) <> 0 OR sum(z.n * p.refunded_minor) <> 0;
  RETURN NULL;
END $$
"""  # noqa: S608


def _moved(top: RollUp, specialties: RollUp) -> str:
    """Takes what is folded of a doctor from the one specialty to the other."""
    ((amount, _),) = top.sums.items()
    more = "".join(f", {name}" for name in top.dimensions)
    return f"""INSERT INTO {specialties.table} AS r (doctor_id, clinic_id, days, first_day, specialty{more}, {amount})
    SELECT 0, 0, days, first_day, s.specialty{more}, s.n * {amount}
    FROM {top.table}, (VALUES (-1, OLD.specialty), (1, NEW.specialty)) s (n, specialty)
    WHERE doctor_id = NEW.id AND clinic_id = 0
    ON CONFLICT ({", ".join(specialties.key)}) DO UPDATE SET {amount} = r.{amount} + excluded.{amount};"""  # noqa: S608


# Nobody folds meanwhile: what is not folded yet goes to the new specialty afterwards.
SPECIALTY_CHANGED = f"""
CREATE FUNCTION doctors_specialty_changed_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock({FOLDING});
  {_moved(TOP_BOOKINGS, SPECIALTY_BOOKINGS)}
  {_moved(TOP_REVENUE, SPECIALTY_REVENUE)}
  RETURN NULL;
END $$
"""

_FOLDED = ",\n  ".join(f"{roll_up.table}_added AS (\n    {roll_up.add('changes')})" for roll_up in ROLL_UPS[:-1])
FOLD = f"""
CREATE FUNCTION roll_up_changes_fold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM roll_up_changes WHERE id = NEW.id) OR NOT pg_try_advisory_xact_lock({FOLDING}) THEN
    RETURN NULL;
  END IF;
  WITH changes AS (DELETE FROM roll_up_changes RETURNING *),
  {_FOLDED}
  {ROLL_UPS[-1].add("changes")};
  RETURN NULL;
END $$
"""  # noqa: S608

STEP_CLINIC = """
CREATE FUNCTION appointment_timeline_fill_clinic() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT clinic_id INTO NEW.clinic_id FROM appointments WHERE id = NEW.appointment_id;
  RETURN NEW;
END $$
"""


def function(name: str, *work: str) -> str:
    body = "\n  ".join(work)
    return (
        f"\nCREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  {body}\n  RETURN NULL;\nEND $$\n"
    )


def _functions() -> list[str]:
    made = []
    for operation, (changed, _) in CHANGES.items():
        moved = (PAYMENTS_MOVE,) if operation == "UPDATE" else ()
        verb = {"INSERT": "added", "DELETE": "removed", "UPDATE": "updated"}[operation]
        if operation == "INSERT":
            made.append(function("appointments_added_roll_up", APPOINTMENTS_ADDED, seats_added()))
        else:
            made.append(function(f"appointments_{verb}_roll_up", appointments(changed), seats(changed), *moved))
        lock = LOCK_APPOINTMENTS.format(changed=changed)
        made.append(function(f"payments_{verb}_roll_up", lock, payments(changed)))
        if operation != "UPDATE":
            made.append(function(f"slots_{verb}_roll_up", slots(changed)))
    return made


def _triggers() -> list[str]:
    return [
        f"""
CREATE TRIGGER {table}_{verb}_roll_up AFTER {operation} ON {table}
  REFERENCING {CHANGES[operation][1]} FOR EACH STATEMENT EXECUTE FUNCTION {table}_{verb}_roll_up()
"""
        for table in ("appointments", "payments", "slots")
        for operation, verb in (("INSERT", "added"), ("DELETE", "removed"), ("UPDATE", "updated"))
        if (table, operation) != ("slots", "UPDATE")
    ]


FUNCTIONS = (FOLD, *_functions(), SLOT_CHANGED, ZONE_CHANGED, SPECIALTY_CHANGED, STEP_CLINIC)
TRIGGERS = (
    # For each row, because then it is not even called for most; of many that were added at once the first folds all.
    f"""
CREATE TRIGGER roll_up_changes_fold AFTER INSERT ON roll_up_changes
  FOR EACH ROW WHEN (NEW.id % {FOLD_EVERY} = 0) EXECUTE FUNCTION roll_up_changes_fold()
""",
    *_triggers(),
    # For each row, because every booking updates its slot's counters: then it is not even called.
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
CREATE TRIGGER doctors_specialty_changed_roll_up AFTER UPDATE OF specialty ON doctors
  FOR EACH ROW WHEN (OLD.specialty <> NEW.specialty) EXECUTE FUNCTION doctors_specialty_changed_roll_up()
""",
    """
CREATE TRIGGER appointment_timeline_clinic BEFORE INSERT ON appointment_timeline
  FOR EACH ROW WHEN (NEW.clinic_id IS NULL) EXECUTE FUNCTION appointment_timeline_fill_clinic()
""",
)


def _sorted(insert: str, columns: int) -> str:
    """In an order of its own, so that equal data gives equal rows."""
    return f"{insert.removesuffix(';')}\n    ORDER BY {', '.join(str(n) for n in range(1, columns + 1))};"


FACTS = "\n".join(
    (
        _sorted(appointments("SELECT 1 AS n, appointments.* FROM appointments"), 7),
        _sorted(slots("SELECT 1 AS n, slots.* FROM slots"), 3),
        _sorted(payments("SELECT 1 AS n, payments.* FROM payments"), 4),
        f"""INSERT INTO roll_up_changes (doctor_id, clinic_id, day, freed, refilled)
    SELECT s.doctor_id, s.clinic_id, s.local_day, sum(now.freed),
      sum({REFILLED.format(kept="now.kept", freed="now.freed", capacity="s.capacity")})
    FROM (SELECT slot_id, count(*) FILTER (WHERE keeps_seat) AS kept, count(*) FILTER (WHERE NOT keeps_seat) AS freed
      FROM appointments GROUP BY slot_id HAVING bool_or(NOT keeps_seat)) now JOIN slots s ON s.id = now.slot_id
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;""",  # noqa: S608
    )
)
"""Adds all that stands in the tables, as if it had just been written: fills empty roll-ups."""


def attach() -> None:
    """Makes `metadata.create_all` create the functions and triggers too."""
    for statement in (*FUNCTIONS, *TRIGGERS):
        event.listen(Base.metadata, "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


attach()
