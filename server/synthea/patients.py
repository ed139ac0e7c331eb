"""patients.csv → users and patients. Of its 25 columns five are read; the numbers of papers are not among them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from server.synthea.staging import Staged
from server.synthea.values import day, identifier, person_name, required

if TYPE_CHECKING:
    from asyncpg import Connection, Record


def _values(row: Mapping[str, str]) -> Sequence[object]:
    return (
        identifier("Id", row["ID"]),
        person_name(required("FIRST", row["FIRST"]), required("LAST", row["LAST"])),
        day("BIRTHDATE", row["BIRTHDATE"]),
        day("DEATHDATE", row["DEATHDATE"]) if row["DEATHDATE"] else None,
    )


PATIENTS = Staged(
    file="patients.csv",
    columns=("ID", "BIRTHDATE", "DEATHDATE", "FIRST", "LAST"),
    table="staged_patients",
    fields={"id": "uuid", "name": "text", "born_on": "date", "died_on": "date"},
    values=_values,
)

LOAD = (
    """
CREATE TEMPORARY TABLE synthea_patients ON COMMIT DROP AS
SELECT line, id, NULL::text AS reason, entity_id IS NULL AS is_new,
       coalesce(entity_id, nextval(pg_get_serial_sequence('patients', 'id'))) AS entity_id,
       CASE WHEN entity_id IS NULL THEN nextval(pg_get_serial_sequence('users', 'id')) END AS user_id
FROM (
  SELECT p.line, p.id, i.entity_id
  FROM staged_patients AS p
  LEFT JOIN imported_records AS i
    ON i.source = 'synthea' AND i.entity = 'patient' AND i.external_id = p.id::text
  ORDER BY p.line
) AS patients
""",
    """
INSERT INTO users (id, name, email)
SELECT s.user_id, p.name, 'patient-' || s.id || '@example.org'
FROM synthea_patients AS s JOIN staged_patients AS p USING (id) WHERE s.is_new ORDER BY s.line
""",
    """
INSERT INTO user_roles (user_id, role) SELECT user_id, 'PATIENT' FROM synthea_patients WHERE is_new ORDER BY line
""",
    """
INSERT INTO patients (id, user_id, status, date_of_birth)
SELECT s.entity_id, s.user_id, CASE WHEN p.died_on IS NULL THEN 'ACTIVE' ELSE 'INACTIVE' END, p.born_on
FROM synthea_patients AS s JOIN staged_patients AS p USING (id) WHERE s.is_new ORDER BY s.line
""",
    """
INSERT INTO imported_records (source, entity, external_id, entity_id)
SELECT 'synthea', 'patient', id::text, entity_id FROM synthea_patients WHERE is_new
""",
)


async def load_patients(connection: "Connection[Record]") -> None:
    """Makes `synthea_patients` (line, id, reason, entity_id, is_new), and the new patients in it."""
    for statement in LOAD:
        await connection.execute(statement)
