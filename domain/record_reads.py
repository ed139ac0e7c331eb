"""Who looked at whose records: written down before the answer leaves."""

from collections.abc import Mapping
from datetime import datetime

from auth.viewer import Viewer

RECORD = """
INSERT INTO audit_records (happened_at, user_id, client_id, request_id, action, entity, patient_id)
SELECT $1::timestamptz, $2::bigint, $3::text, $4::text, 'read', entity, patient_id
FROM unnest($5::text[], $6::bigint[]) AS seen (entity, patient_id)
WHERE patient_id IS DISTINCT FROM $8::bigint
UNION
SELECT $1::timestamptz, $2::bigint, $3::text, $4::text, 'read', 'Payment', patient_id
FROM appointments WHERE id = ANY ($7::bigint[]) AND patient_id IS DISTINCT FROM $8::bigint
"""
EXPORT = """
INSERT INTO audit_records (happened_at, user_id, client_id, request_id, action, entity)
VALUES ($1::timestamptz, $2::bigint, $3::text, $4::text, 'export', $5::text)
"""


def record_reads(
    viewer: Viewer, now: datetime, request_id: str, patients: Mapping[str, set[int]], paid_appointments: set[int]
) -> tuple[str, list[object]] | None:
    """The one statement that records a request's reads of other people's patient data; None where there were none.

    `patients` are the ids of the patients whose data was read, by kind of record; payments are known by appointment.
    """
    seen = [(entity, key) for entity, keys in patients.items() for key in sorted(keys) if key != viewer.patient_id]
    if not seen and not paid_appointments:
        return None
    entities, keys = [entity for entity, _ in seen], [key for _, key in seen]
    who = [now, viewer.user_id, viewer.client_id, request_id]
    return RECORD, [*who, entities, keys, sorted(paid_appointments), viewer.patient_id]


def record_export(viewer: Viewer, now: datetime, request_id: str, file: str) -> tuple[str, list[object]]:
    """The statement that records that a file was taken away; whose records are in it is recorded as they are read."""
    return EXPORT, [now, viewer.user_id, viewer.client_id, request_id, file]
