"""Who looked at whose records: written down before the answer leaves."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from auth.viewer import Viewer

RECORD = """
WITH seen AS (
  SELECT * FROM unnest(
    $1::timestamptz[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[]
  ) AS seen (happened_at, user_id, client_id, request_id, entity, patient_ids, paid_appointment_ids, own_patient_id)
)
INSERT INTO audit_records (happened_at, user_id, client_id, request_id, action, entity, patient_id)
SELECT happened_at, user_id, client_id, request_id, 'read', entity, patient_id
FROM seen, unnest(patient_ids::bigint[]) AS patient_id
UNION ALL
SELECT DISTINCT happened_at, user_id, client_id, request_id, 'read', entity, patient_id
FROM seen JOIN appointments ON appointments.id = ANY (paid_appointment_ids::bigint[])
WHERE patient_id IS DISTINCT FROM own_patient_id
"""
EXPORT = """
INSERT INTO audit_records (happened_at, user_id, client_id, request_id, action, entity)
VALUES ($1::timestamptz, $2::bigint, $3::text, $4::text, 'export', $5::text)
"""


class ReadRecord(NamedTuple):
    """Of which patients a request has read one kind of record, or several kinds with commas between them.

    Ids are written as PostgreSQL's arrays. Of some payments only the appointment is known.
    """

    happened_at: datetime
    user_id: int | None
    client_id: str | None
    request_id: str
    entity: str
    patient_ids: str
    paid_appointment_ids: str
    own_patient_id: int | None


def reads_to_record(
    viewer: Viewer, now: datetime, request_id: str, patients: Mapping[str, set[int]], paid_appointments: set[int]
) -> list[ReadRecord]:
    """A request's reads of other people's patient data.

    `patients` are the ids of the patients whose data was read, by kind of record. Each patient is in one record, which
    names all kinds, and in one more for payments of which only the appointment is known.
    """
    by = (now, viewer.user_id, viewer.client_id, request_id)
    records = [
        ReadRecord(*by, kinds, _array(others), "{}", None)
        for kinds, ids in _by_kinds(patients).items()
        if (others := ids - {viewer.patient_id})
    ]
    if paid_appointments:
        records.append(ReadRecord(*by, "Payment", "{}", _array(paid_appointments), viewer.patient_id))
    return records


def _by_kinds(ids_of: Mapping[str, set[int]]) -> dict[str, set[int]]:
    """The ids by all kinds that have them, with commas between these: a hundred ids are not looked at one by one."""
    found: dict[str, set[int]] = {}
    for kind in sorted(ids_of):
        left, before, found = ids_of[kind], found, {}
        for kinds, ids in before.items():
            found |= {kinds: ids - left, f"{kinds},{kind}": ids & left}
            left = left - ids
        found[kind] = left
    return found


def record_reads(records: Sequence[ReadRecord]) -> tuple[str, list[object]]:
    """The one statement that records reads, of one request or of several."""
    return RECORD, [list(column) for column in zip(*records, strict=True)]


def _array(ids: Iterable[int]) -> str:
    """As PostgreSQL writes arrays, in order: a text is on its way in no time, and a hundred integers are not."""
    return f"{{{','.join(map(str, sorted(ids)))}}}"


def record_export(viewer: Viewer, now: datetime, request_id: str, file: str) -> tuple[str, list[object]]:
    """The statement that records that a file was taken away; whose records are in it is recorded as they are read."""
    return EXPORT, [now, viewer.user_id, viewer.client_id, request_id, file]
