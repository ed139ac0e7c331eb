"""providers.csv → users, doctors, and their affiliation with the clinic they work at."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from server.synthea.staging import Staged
from server.synthea.values import identifier, person_name, required, title

if TYPE_CHECKING:
    from asyncpg import Connection, Record


def _values(row: Mapping[str, str]) -> Sequence[object]:
    identity = identifier("Id", row["ID"])
    return (
        identity,
        identifier("ORGANIZATION", row["ORGANIZATION"]),
        person_name(required("NAME", row["NAME"])),
        title(required("SPECIALITY", row["SPECIALITY"])),
        3 + identity.int % 38,  # years of experience: not in the files, so made of the Id
    )


PROVIDERS = Staged(
    file="providers.csv",
    columns=("ID", "ORGANIZATION", "NAME", "SPECIALITY"),
    table="staged_providers",
    fields={
        "id": "uuid",
        "organization": "uuid",
        "name": "text",
        "specialty": "text",
        "years_of_experience": "smallint",
    },
    values=_values,
)

DOCTORS = """
CREATE TEMPORARY TABLE synthea_doctors ON COMMIT DROP AS
SELECT line, id, clinic_id, entity_id IS NULL AND clinic_id IS NOT NULL AS is_new,
       CASE WHEN entity_id IS NULL AND clinic_id IS NULL THEN 'clinic_not_loaded' END AS reason,
       coalesce(entity_id, CASE WHEN clinic_id IS NOT NULL THEN nextval(pg_get_serial_sequence('doctors', 'id')) END)
         AS entity_id,
       CASE WHEN entity_id IS NULL AND clinic_id IS NOT NULL THEN nextval(pg_get_serial_sequence('users', 'id')) END
         AS user_id
FROM (
  SELECT p.line, p.id, c.entity_id AS clinic_id, i.entity_id
  FROM staged_providers AS p
  JOIN synthea_clinics AS c ON c.id = p.organization
  LEFT JOIN imported_records AS i
    ON i.source = 'synthea' AND i.entity = 'doctor' AND i.external_id = p.id::text
  ORDER BY p.line
) AS providers
"""
LOAD = (
    """
INSERT INTO users (id, name, email)
SELECT d.user_id, p.name, 'doctor-' || d.id || '@example.org'
FROM synthea_doctors AS d JOIN staged_providers AS p USING (id) WHERE d.is_new ORDER BY d.line
""",
    """
INSERT INTO user_roles (user_id, role) SELECT user_id, 'DOCTOR' FROM synthea_doctors WHERE is_new ORDER BY line
""",
    # The fee is what her visits cost most often before anything is added; without visits, what the file's do.
    """
INSERT INTO doctors (id, user_id, status, specialty, licence_number, years_of_experience, consultation_fee_minor,
                     currency, approved_at)
SELECT d.entity_id, d.user_id, 'APPROVED', p.specialty, 'SYNTHEA-' || upper(d.id::text), p.years_of_experience,
       coalesce(hers.fee, anyone.fee, 0), 'USD', now()
FROM synthea_doctors AS d
JOIN staged_providers AS p USING (id)
LEFT JOIN (
  SELECT provider, mode() WITHIN GROUP (ORDER BY base_minor) AS fee
  FROM staged_encounters WHERE reason IS NULL GROUP BY provider
) AS hers ON hers.provider = d.id
CROSS JOIN (
  SELECT mode() WITHIN GROUP (ORDER BY base_minor) AS fee FROM staged_encounters WHERE reason IS NULL
) AS anyone
WHERE d.is_new ORDER BY d.line
""",
    """
INSERT INTO doctor_clinics (doctor_id, clinic_id)
SELECT entity_id, clinic_id FROM synthea_doctors WHERE is_new ORDER BY line
""",
    """
INSERT INTO imported_records (source, entity, external_id, entity_id)
SELECT 'synthea', 'doctor', id::text, entity_id FROM synthea_doctors WHERE is_new
""",
)


async def load_doctors(connection: "Connection[Record]") -> None:
    """Makes `synthea_doctors` (line, id, reason, entity_id, is_new), and the new doctors in it."""
    await connection.execute(DOCTORS)
    for statement in LOAD:
        await connection.execute(statement)
