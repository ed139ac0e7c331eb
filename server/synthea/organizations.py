"""organizations.csv → clinics, each with a first booking policy (confirmed automatically, nothing asked)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tzfpy import get_tz

from server.synthea.errors import SyntheaError
from server.synthea.reasons import Reason
from server.synthea.staging import Staged
from server.synthea.values import degrees, identifier, one_line, phone, postal_code, required, title

if TYPE_CHECKING:
    from asyncpg import Connection, Record


def _values(row: Mapping[str, str]) -> Sequence[object]:
    latitude, longitude = degrees("LAT", row["LAT"], 90), degrees("LON", row["LON"], 180)
    zone = _time_zone(latitude, longitude)
    return (
        identifier("Id", row["ID"]),
        required("NAME", row["NAME"]),
        one_line(row["ADDRESS"]),
        title(row["CITY"]),
        one_line(row["STATE"]) or None,
        postal_code(row["ZIP"]),
        latitude,
        longitude,
        zone,
        phone(row["PHONE"]),
        None if zone else Reason.NO_POSITION,
    )


def _time_zone(latitude: float | None, longitude: float | None) -> str | None:
    """The IANA zone of a point on land; 0°, 0° is how a missing position is often written, and lies at sea."""
    if latitude is None or longitude is None:
        return None
    zone = get_tz(longitude, latitude)
    return zone if zone and not zone.startswith("Etc/") else None


ORGANIZATIONS = Staged(
    file="organizations.csv",
    columns=("ID", "NAME", "ADDRESS", "CITY", "STATE", "ZIP", "LAT", "LON", "PHONE"),
    table="staged_organizations",
    fields={
        "id": "uuid",
        "name": "text",
        "address": "text",
        "city": "text",
        "state": "text",
        "postal_code": "text",
        "latitude": "double precision",
        "longitude": "double precision",
        "time_zone": "text",
        "phone": "text",
        "reason": "text",
    },
    values=_values,
)

CLINICS = """
CREATE TEMPORARY TABLE synthea_clinics ON COMMIT DROP AS
SELECT line, id, CASE WHEN entity_id IS NULL THEN reason END AS reason,
       coalesce(entity_id, CASE WHEN reason IS NULL THEN nextval(pg_get_serial_sequence('clinics', 'id')) END)
         AS entity_id,
       entity_id IS NULL AND reason IS NULL AS is_new
FROM (
  SELECT o.line, o.id, o.reason, i.entity_id
  FROM staged_organizations AS o
  LEFT JOIN imported_records AS i
    ON i.source = 'synthea' AND i.entity = 'clinic' AND i.external_id = o.id::text
  ORDER BY o.line
) AS organizations
"""
LOAD = (
    """
INSERT INTO clinics (id, name, address, city, state, postal_code, country, latitude, longitude, time_zone, currency,
                     phone)
SELECT c.entity_id, o.name, o.address, o.city, o.state, o.postal_code, 'US', o.latitude, o.longitude, o.time_zone,
       'USD', o.phone
FROM synthea_clinics AS c JOIN staged_organizations AS o USING (id) WHERE c.is_new ORDER BY c.line
""",
    """
INSERT INTO clinic_policies (clinic_id, version, confirmation)
SELECT entity_id, 1, 'AUTOMATIC' FROM synthea_clinics WHERE is_new ORDER BY line
""",
    """
INSERT INTO imported_records (source, entity, external_id, entity_id)
SELECT 'synthea', 'clinic', id::text, entity_id FROM synthea_clinics WHERE is_new
""",
)


async def load_clinics(connection: "Connection[Record]") -> None:
    """Makes `synthea_clinics` (line, id, reason, entity_id, is_new), which the later steps join, and the new ones."""
    unknown = await connection.fetchrow(
        """
        SELECT line, time_zone FROM staged_organizations
        WHERE time_zone IS NOT NULL AND time_zone NOT IN (SELECT name FROM pg_timezone_names)
        ORDER BY line LIMIT 1
        """
    )
    if unknown:
        words = f"the database does not know the time zone {unknown['time_zone']}"
        raise SyntheaError(words, ORGANIZATIONS.file, unknown["line"])
    await connection.execute(CLINICS)
    for statement in LOAD:
        await connection.execute(statement)
