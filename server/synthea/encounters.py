"""encounters.csv: which visits can be appointments, as far as one row (and its patient's life) can tell."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from server.synthea.reasons import Reason
from server.synthea.staging import Staged
from server.synthea.values import concept, identifier, instant, minor_units

if TYPE_CHECKING:
    from asyncpg import Connection, Record

BOOKED = {"wellness", "ambulatory", "outpatient", "urgentcare", "home", "virtual"}
NEVER_BOOKED = {
    "emergency": Reason.EMERGENCY,
    "ambulance": Reason.EMERGENCY,
    "inpatient": Reason.STAY,
    "snf": Reason.STAY,
    "hospice": Reason.STAY,
}
LONGEST = timedelta(hours=8)  # as availability templates allow


def _values(row: Mapping[str, str]) -> Sequence[object]:
    starts_at = instant("START", row["START"])
    ends_at = instant("STOP", row["STOP"]) if row["STOP"] else None
    base, cost, covered = (
        minor_units(column, row[column]) for column in ("BASE_ENCOUNTER_COST", "TOTAL_CLAIM_COST", "PAYER_COVERAGE")
    )
    organization, provider = (
        identifier(column, row[column]) if row[column] else None for column in ("ORGANIZATION", "PROVIDER")
    )
    kind = row["ENCOUNTERCLASS"].lower()
    reason: Reason | None = None
    if kind not in BOOKED:
        reason = NEVER_BOOKED.get(kind, Reason.UNKNOWN_CLASS)
    elif organization is None or provider is None:
        reason = Reason.NO_DOCTOR
    elif min(base, cost, covered) < 0:
        reason = Reason.NEGATIVE_COST
    else:
        reason = _reason_of_times(starts_at, ends_at)
    return (
        identifier("Id", row["ID"]),
        starts_at,
        ends_at,
        identifier("PATIENT", row["PATIENT"]),
        organization,
        provider,
        concept(row["REASONDESCRIPTION"]) or concept(row["DESCRIPTION"]),
        base,
        cost,
        covered,
        reason,
    )


def _reason_of_times(starts_at: datetime, ends_at: datetime | None) -> Reason | None:
    if ends_at is None:
        return Reason.NOT_OVER
    if ends_at <= starts_at:
        return Reason.NO_DURATION
    return Reason.TOO_LONG if ends_at - starts_at > LONGEST else None


ENCOUNTERS = Staged(
    file="encounters.csv",
    columns=(
        *("ID", "START", "STOP", "PATIENT", "ORGANIZATION", "PROVIDER", "ENCOUNTERCLASS", "DESCRIPTION"),
        *("BASE_ENCOUNTER_COST", "TOTAL_CLAIM_COST", "PAYER_COVERAGE", "REASONDESCRIPTION"),
    ),
    table="staged_encounters",
    fields={
        "id": "uuid",
        "starts_at": "timestamptz",
        "ends_at": "timestamptz",
        "patient": "uuid",
        "organization": "uuid",
        "provider": "uuid",
        "visit_reason": "text",
        "base_minor": "bigint",
        "cost_minor": "bigint",
        "covered_minor": "bigint",
        "reason": "text",
    },
    values=_values,
)

# Days are compared in the clinic's zone: Synthea writes days of birth and death as the place counts them.
VISITS = """
CREATE TEMPORARY TABLE synthea_visits ON COMMIT DROP AS
SELECT e.line, e.id, e.starts_at, e.ends_at, e.visit_reason, e.cost_minor, e.covered_minor,
       p.entity_id AS patient_id, d.entity_id AS doctor_id, c.entity_id AS clinic_id, i.entity_id,
       CASE WHEN i.entity_id IS NOT NULL THEN NULL
            WHEN e.reason IS NOT NULL THEN e.reason
            WHEN c.entity_id IS NULL OR d.entity_id IS NULL THEN 'clinic_not_loaded'
            WHEN e.ends_at > now() THEN 'not_over'
            WHEN (e.starts_at AT TIME ZONE k.time_zone)::date < s.born_on THEN 'before_birth'
            WHEN (e.starts_at AT TIME ZONE k.time_zone)::date > s.died_on THEN 'after_death'
       END AS reason
FROM staged_encounters AS e
JOIN staged_patients AS s ON s.id = e.patient
JOIN synthea_patients AS p ON p.id = e.patient
LEFT JOIN synthea_doctors AS d ON d.id = e.provider
LEFT JOIN synthea_clinics AS c ON c.id = e.organization
LEFT JOIN clinics AS k ON k.id = c.entity_id
LEFT JOIN imported_records AS i
  ON i.source = 'synthea' AND i.entity = 'appointment' AND i.external_id = e.id::text
"""


async def find_visits(connection: "Connection[Record]") -> None:
    """Makes `synthea_visits`: each row with who and where it is, what it became before, or why it cannot be loaded."""
    await connection.execute(VISITS)
    await connection.execute("ANALYZE synthea_visits")
