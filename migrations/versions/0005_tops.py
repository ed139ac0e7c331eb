"""Bookings and revenue by doctor and by clinic, largest first, and by specialty: tops need not compare everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ADDED = {
    "roll_up_counts": """
    INSERT INTO roll_up_counts AS r (doctor_id, clinic_id, days, first_day, offered, pending, confirmed, checked_in, in_progress, completed, cancelled, no_show, declined, first_visits, freed, refilled)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, sum(c.offered)::bigint AS offered, sum(CASE WHEN c.status = 'PENDING' THEN c.appointments ELSE 0 END)::bigint AS pending, sum(CASE WHEN c.status = 'CONFIRMED' THEN c.appointments ELSE 0 END)::bigint AS confirmed, sum(CASE WHEN c.status = 'CHECKED_IN' THEN c.appointments ELSE 0 END)::bigint AS checked_in, sum(CASE WHEN c.status = 'IN_PROGRESS' THEN c.appointments ELSE 0 END)::bigint AS in_progress, sum(CASE WHEN c.status = 'COMPLETED' THEN c.appointments ELSE 0 END)::bigint AS completed, sum(CASE WHEN c.status = 'CANCELLED' THEN c.appointments ELSE 0 END)::bigint AS cancelled, sum(CASE WHEN c.status = 'NO_SHOW' THEN c.appointments ELSE 0 END)::bigint AS no_show, sum(CASE WHEN c.status = 'DECLINED' THEN c.appointments ELSE 0 END)::bigint AS declined, sum(CASE WHEN c.is_first_visit AND c.status NOT IN ('CANCELLED', 'DECLINED') THEN c.appointments ELSE 0 END)::bigint AS first_visits, sum(c.freed)::bigint AS freed, sum(c.refilled)::bigint AS refilled
    FROM changes c CROSS JOIN LATERAL (VALUES (c.doctor_id, c.clinic_id), (0, c.clinic_id), (0, 0)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (256), (64), (16), (4), (1)) span (days)
    WHERE c.currency IS NULL GROUP BY 1, 2, 3, 4 HAVING sum(c.offered) <> 0 OR sum(CASE WHEN c.status = 'PENDING' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'CONFIRMED' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'CHECKED_IN' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'IN_PROGRESS' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'COMPLETED' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'CANCELLED' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'NO_SHOW' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.status = 'DECLINED' THEN c.appointments ELSE 0 END) <> 0 OR sum(CASE WHEN c.is_first_visit AND c.status NOT IN ('CANCELLED', 'DECLINED') THEN c.appointments ELSE 0 END) <> 0 OR sum(c.freed) <> 0 OR sum(c.refilled) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id
    ON CONFLICT (doctor_id, clinic_id, days, first_day) DO UPDATE SET offered = r.offered + excluded.offered, pending = r.pending + excluded.pending, confirmed = r.confirmed + excluded.confirmed, checked_in = r.checked_in + excluded.checked_in, in_progress = r.in_progress + excluded.in_progress, completed = r.completed + excluded.completed, cancelled = r.cancelled + excluded.cancelled, no_show = r.no_show + excluded.no_show, declined = r.declined + excluded.declined, first_visits = r.first_visits + excluded.first_visits, freed = r.freed + excluded.freed, refilled = r.refilled + excluded.refilled""",
    "roll_up_lead_times": """
    INSERT INTO roll_up_lead_times AS r (doctor_id, clinic_id, days, first_day, lead_days, appointments)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, c.lead_days AS lead_days, sum(c.appointments)::bigint AS appointments
    FROM changes c CROSS JOIN LATERAL (VALUES (c.doctor_id, c.clinic_id), (0, c.clinic_id), (0, 0)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (256), (16), (1)) span (days)
    WHERE c.status NOT IN ('CANCELLED', 'DECLINED') GROUP BY 1, 2, 3, 4, 5 HAVING sum(c.appointments) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id, lead_days
    ON CONFLICT (doctor_id, clinic_id, days, first_day, lead_days) DO UPDATE SET appointments = r.appointments + excluded.appointments""",
    "roll_up_hours": """
    INSERT INTO roll_up_hours AS r (doctor_id, clinic_id, days, first_day, weekday, hour, appointments)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, extract(isodow FROM c.day)::smallint AS weekday, c.hour AS hour, sum(c.appointments)::bigint AS appointments
    FROM changes c CROSS JOIN LATERAL (VALUES (0, c.clinic_id), (0, 0)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (256), (16), (1)) span (days)
    WHERE c.status NOT IN ('CANCELLED', 'DECLINED') GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(c.appointments) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id, weekday, hour
    ON CONFLICT (doctor_id, clinic_id, days, first_day, weekday, hour) DO UPDATE SET appointments = r.appointments + excluded.appointments""",
    "roll_up_revenue": """
    INSERT INTO roll_up_revenue AS r (doctor_id, clinic_id, days, first_day, currency, captured_minor, refunded_minor)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, c.currency AS currency, sum(c.captured_minor)::bigint AS captured_minor, sum(c.refunded_minor)::bigint AS refunded_minor
    FROM changes c CROSS JOIN LATERAL (VALUES (c.doctor_id, c.clinic_id), (0, c.clinic_id), (0, 0)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (256), (64), (16), (4), (1)) span (days)
    WHERE c.currency IS NOT NULL GROUP BY 1, 2, 3, 4, 5 HAVING sum(c.captured_minor) <> 0 OR sum(c.refunded_minor) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id, currency
    ON CONFLICT (doctor_id, clinic_id, days, first_day, currency) DO UPDATE SET captured_minor = r.captured_minor + excluded.captured_minor, refunded_minor = r.refunded_minor + excluded.refunded_minor""",
    "roll_up_top_bookings": """
    INSERT INTO roll_up_top_bookings AS r (doctor_id, clinic_id, days, first_day, bookings)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, sum(c.appointments)::bigint AS bookings
    FROM changes c CROSS JOIN LATERAL (VALUES (c.doctor_id, 0), (0, c.clinic_id)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (64), (16), (4), (1)) span (days)
    WHERE c.status NOT IN ('CANCELLED', 'DECLINED') GROUP BY 1, 2, 3, 4 HAVING sum(c.appointments) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id
    ON CONFLICT (doctor_id, clinic_id, days, first_day) DO UPDATE SET bookings = r.bookings + excluded.bookings""",
    "roll_up_top_revenue": """
    INSERT INTO roll_up_top_revenue AS r (doctor_id, clinic_id, days, first_day, currency, net_minor)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, c.currency AS currency, sum(c.captured_minor - c.refunded_minor)::bigint AS net_minor
    FROM changes c CROSS JOIN LATERAL (VALUES (c.doctor_id, 0), (0, c.clinic_id)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (64), (16), (4), (1)) span (days)
    WHERE c.currency IS NOT NULL GROUP BY 1, 2, 3, 4, 5 HAVING sum(c.captured_minor - c.refunded_minor) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id, currency
    ON CONFLICT (doctor_id, clinic_id, days, first_day, currency) DO UPDATE SET net_minor = r.net_minor + excluded.net_minor""",
    "roll_up_specialty_bookings": """
    INSERT INTO roll_up_specialty_bookings AS r (doctor_id, clinic_id, days, first_day, specialty, bookings)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, coalesce((SELECT d.specialty FROM doctors d WHERE d.id = c.doctor_id), '') AS specialty, sum(c.appointments)::bigint AS bookings
    FROM changes c CROSS JOIN LATERAL (VALUES (0, 0)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (64), (16), (4), (1)) span (days)
    WHERE c.status NOT IN ('CANCELLED', 'DECLINED') GROUP BY 1, 2, 3, 4, 5 HAVING sum(c.appointments) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id, specialty
    ON CONFLICT (doctor_id, clinic_id, days, first_day, specialty) DO UPDATE SET bookings = r.bookings + excluded.bookings""",
    "roll_up_specialty_revenue": """
    INSERT INTO roll_up_specialty_revenue AS r (doctor_id, clinic_id, days, first_day, specialty, currency, net_minor)
    SELECT scope.doctor_id, scope.clinic_id, span.days, c.day - (c.day - date '0001-01-01') % span.days AS first_day, coalesce((SELECT d.specialty FROM doctors d WHERE d.id = c.doctor_id), '') AS specialty, c.currency AS currency, sum(c.captured_minor - c.refunded_minor)::bigint AS net_minor
    FROM changes c CROSS JOIN LATERAL (VALUES (0, 0)) scope (doctor_id, clinic_id)
      CROSS JOIN (VALUES (64), (16), (4), (1)) span (days)
    WHERE c.currency IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(c.captured_minor - c.refunded_minor) <> 0
    ORDER BY days, first_day, clinic_id, doctor_id, specialty, currency
    ON CONFLICT (doctor_id, clinic_id, days, first_day, specialty, currency) DO UPDATE SET net_minor = r.net_minor + excluded.net_minor""",
}
"""What a fold adds to each roll-up table."""
BOOKINGS = ("roll_up_top_bookings", "roll_up_specialty_bookings")
REVENUE = ("roll_up_top_revenue", "roll_up_specialty_revenue")
TOPS = (*BOOKINGS, *REVENUE)
COMPARED = ("roll_up_counts", "roll_up_revenue")
FILLED = """
INSERT INTO roll_up_top_bookings (doctor_id, clinic_id, days, first_day, bookings)
SELECT * FROM (
  SELECT doctor_id, 0 AS clinic_id, days, first_day,
    sum(pending + confirmed + checked_in + in_progress + completed + no_show)::bigint AS bookings
  FROM roll_up_counts WHERE doctor_id > 0 AND days <= 64 GROUP BY doctor_id, days, first_day
  UNION ALL
  SELECT 0, clinic_id, days, first_day, pending + confirmed + checked_in + in_progress + completed + no_show
  FROM roll_up_counts WHERE doctor_id = 0 AND clinic_id > 0 AND days <= 64) rows
WHERE bookings <> 0 ORDER BY days, first_day, clinic_id, doctor_id;
INSERT INTO roll_up_top_revenue (doctor_id, clinic_id, days, first_day, currency, net_minor)
SELECT * FROM (
  SELECT doctor_id, 0 AS clinic_id, days, first_day, currency,
    sum(captured_minor - refunded_minor)::bigint AS net_minor
  FROM roll_up_revenue WHERE doctor_id > 0 AND days <= 64 GROUP BY doctor_id, days, first_day, currency
  UNION ALL
  SELECT 0, clinic_id, days, first_day, currency, captured_minor - refunded_minor
  FROM roll_up_revenue WHERE doctor_id = 0 AND clinic_id > 0 AND days <= 64) rows
WHERE net_minor <> 0 ORDER BY days, first_day, clinic_id, doctor_id, currency;
INSERT INTO roll_up_specialty_bookings (doctor_id, clinic_id, days, first_day, specialty, bookings)
SELECT 0, 0, days, first_day, specialty, sum(bookings)
FROM roll_up_top_bookings JOIN doctors ON id = doctor_id GROUP BY 3, 4, 5 ORDER BY 3, 4, 5;
INSERT INTO roll_up_specialty_revenue (doctor_id, clinic_id, days, first_day, specialty, currency, net_minor)
SELECT 0, 0, days, first_day, specialty, r.currency, sum(net_minor)
FROM roll_up_top_revenue r JOIN doctors ON id = doctor_id GROUP BY 3, 4, 5, 6 ORDER BY 3, 4, 5, 6
"""
SPECIALTY_CHANGED = """
CREATE FUNCTION doctors_specialty_changed_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7250113902462610514);
  INSERT INTO roll_up_specialty_bookings AS r (doctor_id, clinic_id, days, first_day, specialty, bookings)
    SELECT 0, 0, days, first_day, s.specialty, s.n * bookings
    FROM roll_up_top_bookings, (VALUES (-1, OLD.specialty), (1, NEW.specialty)) s (n, specialty)
    WHERE doctor_id = NEW.id AND clinic_id = 0
    ON CONFLICT (doctor_id, clinic_id, days, first_day, specialty) DO UPDATE SET bookings = r.bookings + excluded.bookings;
  INSERT INTO roll_up_specialty_revenue AS r (doctor_id, clinic_id, days, first_day, specialty, currency, net_minor)
    SELECT 0, 0, days, first_day, s.specialty, currency, s.n * net_minor
    FROM roll_up_top_revenue, (VALUES (-1, OLD.specialty), (1, NEW.specialty)) s (n, specialty)
    WHERE doctor_id = NEW.id AND clinic_id = 0
    ON CONFLICT (doctor_id, clinic_id, days, first_day, specialty, currency) DO UPDATE SET net_minor = r.net_minor + excluded.net_minor;
  RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER doctors_specialty_changed_roll_up AFTER UPDATE OF specialty ON doctors
  FOR EACH ROW WHEN (OLD.specialty <> NEW.specialty) EXECUTE FUNCTION doctors_specialty_changed_roll_up()
"""


def fold(every: int, *tables: str) -> str:
    """The function that moves the changes into these tables, when about so many have come together."""
    *more, last = tables
    added = ",\n".join(f"  {table}_added AS ({ADDED[table]})" for table in more)
    return f"""
CREATE OR REPLACE FUNCTION roll_up_changes_fold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT coalesce(max(id) / {every} = (min(id) - 1) / {every}, true) FROM added)
    OR NOT pg_try_advisory_xact_lock(7250113902462610514) THEN
    RETURN NULL;
  END IF;
  WITH changes AS (DELETE FROM roll_up_changes RETURNING *),
{added}
  {ADDED[last].strip()};
  RETURN NULL;
END $$
"""


def span_table(name: str, amount: str, *more: sa.Column[str]) -> None:
    """A table of amounts by span, and by doctor, clinic and `more`."""
    op.create_table(
        name,
        sa.Column("days", sa.SmallInteger(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        *more,
        sa.Column(amount, sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint(
            "doctor_id", "clinic_id", "days", "first_day", *(column.name for column in more), name=op.f(f"{name}_pkey")
        ),
    )


def largest_first(name: str, amount: str, *among: str) -> None:
    """Indexes of the doctors and of the clinics of each span."""
    for subject in ("doctor", "clinic"):
        op.create_index(
            f"{name}_{subject}s_idx",
            name,
            ["days", "first_day", *among, sa.text(f"{amount} DESC"), f"{subject}_id"],
            postgresql_where=sa.text(f"{subject}_id > 0"),
        )


def upgrade() -> None:
    # Whoever writes has committed then, and whoever writes afterwards folds into the new tables, too.
    op.execute("LOCK TABLE doctors, roll_up_changes IN SHARE ROW EXCLUSIVE MODE")
    for table in TOPS:
        specialty = sa.Column("specialty", sa.String(), nullable=False)
        currency = sa.Column("currency", sa.CHAR(length=3), nullable=False)
        more = (*((specialty,) if "specialty" in table else ()), *((currency,) if table in REVENUE else ()))
        span_table(table, "bookings" if table in BOOKINGS else "net_minor", *more)
    largest_first("roll_up_top_bookings", "bookings")
    largest_first("roll_up_top_revenue", "net_minor", "currency")
    for statement in FILLED.split(";\n"):
        op.execute(sa.text(statement.replace(":", "\\:")))
    for function in (fold(128, *ADDED), SPECIALTY_CHANGED, TRIGGER):
        op.execute(sa.text(function.replace(":", "\\:")))
    for table in COMPARED:
        op.drop_index(f"{table}_clinics_idx", table_name=table)


def downgrade() -> None:
    op.execute("LOCK TABLE doctors, roll_up_changes IN SHARE ROW EXCLUSIVE MODE")
    op.execute(sa.text(fold(64, *(table for table in ADDED if table not in TOPS)).replace(":", "\\:")))
    op.execute("DROP TRIGGER doctors_specialty_changed_roll_up ON doctors")
    op.execute("DROP FUNCTION doctors_specialty_changed_roll_up()")
    for table in COMPARED:
        op.create_index(
            f"{table}_clinics_idx",
            table,
            ["days", "first_day", "clinic_id"],
            postgresql_where=sa.text("doctor_id = 0"),
        )
    for table in reversed(TOPS):
        op.drop_table(table)
