"""Who looked at whose records: written down before the answer leaves."""

from collections.abc import Mapping
from datetime import datetime

from auth.viewer import Viewer

RECORD = """
INSERT INTO audit_records (happened_at, user_id, client_id, request_id, action, entity, patient_id)
SELECT $1::timestamptz, $2::bigint, $3::text, $4::text, 'read', entity, patient_id
FROM unnest($5::text[], $6::text[]) AS seen (entity, patient_ids), unnest(seen.patient_ids::bigint[]) AS patient_id
"""
WITH_PAYMENTS = (
    RECORD
    + """
UNION ALL
SELECT DISTINCT $1::timestamptz, $2::bigint, $3::text, $4::text, 'read', 'Payment', patient_id
FROM appointments WHERE id = ANY ($7::text::bigint[]) AND patient_id IS DISTINCT FROM $8::bigint
"""
)
EXPORT = """
INSERT INTO audit_records (happened_at, user_id, client_id, request_id, action, entity)
VALUES ($1::timestamptz, $2::bigint, $3::text, $4::text, 'export', $5::text)
"""


def record_reads(
    viewer: Viewer, now: datetime, request_id: str, patients: Mapping[str, set[int]], paid_appointments: set[int]
) -> tuple[str, list[object]] | None:
    """The one statement that records a request's reads of other people's patient data; None where there were none.

    `patients` are the ids of the patients whose data was read, by kind of record; of some payments only the appointment
    is known. Of each patient one record names all kinds, and one more such payments.
    """
    kinds: dict[int, str] = {}
    for entity in sorted(patients):
        for patient in patients[entity]:
            kinds[patient] = f"{kinds[patient]},{entity}" if patient in kinds else entity
    kinds.pop(viewer.patient_id or 0, None)
    if not kinds and not paid_appointments:
        return None
    seen: dict[str, list[int]] = {}
    for patient in sorted(kinds):
        seen.setdefault(kinds[patient], []).append(patient)
    record: list[object] = [now, viewer.user_id, viewer.client_id, request_id]
    record += [list(seen), [_array(ids) for ids in seen.values()]]
    if not paid_appointments:
        return RECORD, record
    return WITH_PAYMENTS, [*record, _array(sorted(paid_appointments)), viewer.patient_id]


def _array(ids: list[int]) -> str:
    """As PostgreSQL writes arrays: a text is on its way in no time, and a hundred integers are not."""
    return f"{{{','.join(map(str, ids))}}}"


def record_export(viewer: Viewer, now: datetime, request_id: str, file: str) -> tuple[str, list[object]]:
    """The statement that records that a file was taken away; whose records are in it is recorded as they are read."""
    return EXPORT, [now, viewer.user_id, viewer.client_id, request_id, file]
