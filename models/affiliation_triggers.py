"""What a search asks of everybody who works near a place, kept where they work: so that it reads nobody else.

`slot_parts` has a bit for each of the 56 parts of three hours of a week (from the epoch on, UTC) in which a slot of the
doctor was ever made at the clinic. Bits are only added: one too many costs a look, one too few would hide a slot.
"""

from sqlalchemy import DDL, event

from models.base import Base

PART_SECONDS, PARTS = 10_800, 56
MADE = f"""SELECT doctor_id, clinic_id,
          bit_or(1::bigint << (floor(extract(epoch FROM starts_at) / {PART_SECONDS})::bigint % {PARTS})::int) AS parts
        FROM {{slots}} GROUP BY doctor_id, clinic_id"""  # noqa: S608 - texts of our own
MADE_OF_ALL = MADE.format(slots="slots")
MARK = f"""
  UPDATE doctor_clinics w SET slot_parts = w.slot_parts | s.parts
  FROM ({MADE}) s
  WHERE w.doctor_id = s.doctor_id AND w.clinic_id = s.clinic_id AND w.slot_parts & s.parts <> s.parts;
"""  # noqa: S608 - texts of our own
MARK_ALL = MARK.format(slots="slots")
"""What the trigger does for slots that are added, for all that there are."""
BOOKABLE_BEFORE = "CASE WHEN status = 'APPROVED' THEN coalesce(licence_expires_on, 'infinity') ELSE '-infinity' END"
"""Of a doctor."""

FUNCTIONS = (
    f"""
CREATE FUNCTION doctor_clinics_copy_doctor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT lower(specialty),
      {BOOKABLE_BEFORE}
    INTO NEW.specialty, NEW.bookable_before FROM doctors WHERE id = NEW.doctor_id FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'doctor % does not exist', NEW.doctor_id
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'doctor_clinics_doctor_id_fkey', TABLE = 'doctor_clinics';
  END IF;
  RETURN NEW;
END $$
""",  # noqa: S608 - texts of our own
    """
CREATE FUNCTION doctors_tell_affiliations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE doctor_clinics SET specialty = NEW.specialty WHERE doctor_id = NEW.id;
  RETURN NULL;
END $$
""",
    f"""
CREATE FUNCTION slots_mark_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{MARK.format(slots="made").strip(chr(10))}
  RETURN NULL;
END $$
""",
)

TRIGGERS = (
    """
CREATE TRIGGER doctor_clinics_doctor_copy
  BEFORE INSERT OR UPDATE OF doctor_id, specialty, bookable_before ON doctor_clinics
  FOR EACH ROW EXECUTE FUNCTION doctor_clinics_copy_doctor()
""",
    """
CREATE TRIGGER doctors_told AFTER UPDATE OF specialty, status, licence_expires_on ON doctors
  FOR EACH ROW WHEN ((OLD.specialty, OLD.status, OLD.licence_expires_on)
    IS DISTINCT FROM (NEW.specialty, NEW.status, NEW.licence_expires_on))
  EXECUTE FUNCTION doctors_tell_affiliations()
""",
    """
CREATE TRIGGER slots_parts_marked AFTER INSERT ON slots REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION slots_mark_parts()
""",
)


def attach() -> None:
    """Makes `metadata.create_all` create the functions and triggers too."""
    for statement in (*FUNCTIONS, *TRIGGERS):
        event.listen(Base.metadata, "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


attach()
