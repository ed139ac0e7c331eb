"""Where a doctor works says what a search asks of her there, and when in a week she had slots: others are not asked."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FILLED = """
  UPDATE doctor_clinics w SET specialty = lower(d.specialty),
    bookable_before = CASE WHEN d.status = 'APPROVED' THEN coalesce(d.licence_expires_on, 'infinity') ELSE '-infinity' END,
    slot_parts = coalesce(s.parts, 0)
  FROM doctor_clinics o JOIN doctors d ON d.id = o.doctor_id LEFT JOIN (
    SELECT doctor_id, clinic_id,
      bit_or(1::bigint << (floor(extract(epoch FROM starts_at) / 10800)::bigint % 56)::int) AS parts
    FROM slots GROUP BY doctor_id, clinic_id) s ON s.doctor_id = o.doctor_id AND s.clinic_id = o.clinic_id
  WHERE w.doctor_id = o.doctor_id AND w.clinic_id = o.clinic_id
"""
FUNCTIONS = {
    "doctor_clinics_copy_doctor": """
BEGIN
  SELECT lower(specialty),
      CASE WHEN status = 'APPROVED' THEN coalesce(licence_expires_on, 'infinity') ELSE '-infinity' END
    INTO NEW.specialty, NEW.bookable_before FROM doctors WHERE id = NEW.doctor_id FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'doctor % does not exist', NEW.doctor_id
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'doctor_clinics_doctor_id_fkey', TABLE = 'doctor_clinics';
  END IF;
  RETURN NEW;
END """,
    "doctors_tell_affiliations": """
BEGIN
  UPDATE doctor_clinics SET specialty = NEW.specialty WHERE doctor_id = NEW.id;
  RETURN NULL;
END """,
    "slots_mark_parts": """
BEGIN
  UPDATE doctor_clinics w SET slot_parts = w.slot_parts | s.parts
  FROM (SELECT doctor_id, clinic_id,
          bit_or(1::bigint << (floor(extract(epoch FROM starts_at) / 10800)::bigint % 56)::int) AS parts
        FROM made GROUP BY doctor_id, clinic_id) s
  WHERE w.doctor_id = s.doctor_id AND w.clinic_id = s.clinic_id AND w.slot_parts & s.parts <> s.parts;
  RETURN NULL;
END """,
}
TRIGGERS = {
    ("doctor_clinics", "doctor_clinics_doctor_copy"): """
  BEFORE INSERT OR UPDATE OF doctor_id, specialty, bookable_before ON doctor_clinics
  FOR EACH ROW EXECUTE FUNCTION doctor_clinics_copy_doctor()
""",
    ("doctors", "doctors_told"): """
  AFTER UPDATE OF specialty, status, licence_expires_on ON doctors
  FOR EACH ROW WHEN ((OLD.specialty, OLD.status, OLD.licence_expires_on)
    IS DISTINCT FROM (NEW.specialty, NEW.status, NEW.licence_expires_on))
  EXECUTE FUNCTION doctors_tell_affiliations()
""",
    ("slots", "slots_parts_marked"): """
  AFTER INSERT ON slots REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION slots_mark_parts()
""",
}
BY_SPECIALTY, BY_PLACE = "doctors_specialty_idx", "clinics_latitude_idx"
INCLUDED = ["specialty", "status", "licence_expires_on"]


def upgrade() -> None:
    op.add_column("doctor_clinics", sa.Column("specialty", sa.String()))
    op.add_column("doctor_clinics", sa.Column("bookable_before", sa.Date()))
    op.add_column("doctor_clinics", sa.Column("slot_parts", sa.BigInteger(), server_default="0", nullable=False))
    _run(FILLED)
    for column in ("specialty", "bookable_before"):
        op.alter_column("doctor_clinics", column, nullable=False)
    op.create_index(
        "doctor_clinics_specialty_idx",
        "doctor_clinics",
        ["specialty", "clinic_id"],
        postgresql_include=["doctor_id", "bookable_before", "slot_parts"],
        postgresql_where=sa.text("slot_parts <> 0"),
    )
    for name, body in FUNCTIONS.items():
        _run(f"\nCREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$\n")
    for (_table, name), when in TRIGGERS.items():
        _run(f"\nCREATE TRIGGER {name}{when}")
    _index_specialties(None)
    _index_places(["id", "is_active"])
    _run("ANALYZE doctor_clinics")


def downgrade() -> None:
    _index_places(None)
    _index_specialties(INCLUDED)
    for table, name in TRIGGERS:
        _run(f"DROP TRIGGER {name} ON {table}")
    for name in FUNCTIONS:
        _run(f"DROP FUNCTION {name}()")
    op.drop_index("doctor_clinics_specialty_idx", "doctor_clinics")
    for column in ("slot_parts", "bookable_before", "specialty"):
        op.drop_column("doctor_clinics", column)


def _index_specialties(include: list[str] | None) -> None:
    op.drop_index(BY_SPECIALTY, "doctors")
    op.create_index(BY_SPECIALTY, "doctors", [sa.literal_column("lower(specialty)"), "id"], postgresql_include=include)
    op.execute("ANALYZE doctors")  # what is known of lower(specialty) went with the old index


def _index_places(include: list[str] | None) -> None:
    op.drop_index(BY_PLACE, "clinics")
    op.create_index(BY_PLACE, "clinics", ["latitude", "longitude"], postgresql_include=include)


def _run(text: str) -> None:
    op.execute(sa.text(text.replace(":", "\\:")))
