"""Which of the visits that overlap are loaded.

The database refuses two overlapping slots of a doctor and two overlapping appointments of a patient. A Synthea
provider stands for a whole practice, so two patients seen from the same minute to the same minute share a slot with
a seat each; any other overlap leaves one visit out. Visits are tried by their end, the earliest first, which keeps
as many as possible for one doctor (interval scheduling); what is in the database stays.
"""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from server.synthea.encounters import LONGEST
from server.synthea.reasons import Reason

if TYPE_CHECKING:
    from asyncpg import Connection, Record

AT_ONCE = 5_000

# Slots that earlier imports made and that a new visit has exactly: it takes a seat more there.
SHARED = """
CREATE TEMPORARY TABLE synthea_shared_slots ON COMMIT DROP AS
SELECT DISTINCT s.id AS slot_id, s.doctor_id, s.clinic_id, s.starts_at, s.ends_at
FROM synthea_visits AS v
JOIN slots AS s USING (doctor_id, clinic_id, starts_at, ends_at)
JOIN appointments AS a ON a.slot_id = s.id
JOIN imported_records AS i ON i.entity_id = a.id
WHERE v.entity_id IS NULL AND v.reason IS NULL AND i.source = 'synthea' AND i.entity = 'appointment'
  AND a.keeps_seat AND s.blocked_until = s.ends_at
"""
CANDIDATES = """
SELECT v.line, v.doctor_id, v.clinic_id, v.patient_id, v.starts_at, v.ends_at,
       EXISTS (
         SELECT FROM slots AS s
         WHERE int8range(s.doctor_id, s.doctor_id, '[]') && int8range(v.doctor_id, v.doctor_id, '[]')
           AND tstzrange(s.starts_at, s.blocked_until) && tstzrange(v.starts_at, v.ends_at)
           AND (s.is_active OR s.booked_count > 0)
           AND NOT EXISTS (
             SELECT FROM synthea_shared_slots AS h
             WHERE h.slot_id = s.id AND (h.clinic_id, h.starts_at, h.ends_at) = (v.clinic_id, v.starts_at, v.ends_at)
           )
       ) AS doctor_busy,
       EXISTS (
         SELECT FROM appointments AS a
         WHERE int8range(a.patient_id, a.patient_id, '[]') && int8range(v.patient_id, v.patient_id, '[]')
           AND tstzrange(a.starts_at, a.ends_at) && tstzrange(v.starts_at, v.ends_at) AND a.keeps_seat
       ) AS patient_busy
FROM synthea_visits AS v
WHERE v.entity_id IS NULL AND v.reason IS NULL
ORDER BY v.ends_at, v.starts_at, v.id
"""


class _Taken(NamedTuple):
    starts_at: datetime
    ends_at: datetime
    clinic_id: int


class Agenda:
    """The last visit kept of each doctor and patient, which is all that a visit which ends later can overlap."""

    def __init__(self) -> None:
        self._doctors: dict[int, _Taken] = {}
        self._patients: dict[int, datetime] = {}

    def take(self, visit: "Record") -> Reason | None:
        """Keeps the visit, or says why it cannot be kept. Visits come by their end."""
        starts_at, ends_at = visit["starts_at"], visit["ends_at"]
        wanted = _Taken(starts_at, ends_at, visit["clinic_id"])
        last, free_from = self._doctors.get(visit["doctor_id"]), self._patients.get(visit["patient_id"])
        if visit["patient_busy"] or (free_from is not None and free_from > starts_at):
            return Reason.PATIENT_OVERLAP
        if visit["doctor_busy"] or (last is not None and last.ends_at > starts_at and last != wanted):
            return Reason.DOCTOR_OVERLAP
        self._doctors[visit["doctor_id"]] = wanted
        self._patients[visit["patient_id"]] = ends_at
        return None

    def forget(self, before: datetime) -> None:
        """Drops visits that ended before: none lasts longer than LONGEST, so memory is bounded by a day's visits."""
        self._doctors = {key: taken for key, taken in self._doctors.items() if taken.ends_at > before}
        self._patients = {key: ended for key, ended in self._patients.items() if ended > before}


async def find_overlaps(connection: "Connection[Record]") -> None:
    """Makes `synthea_shared_slots`, and `synthea_overlaps` (line, reason): the visits left out for an overlap."""
    await connection.execute("ANALYZE imported_records")  # its size after the last import decides how to join it
    await connection.execute(SHARED)
    await connection.execute("CREATE TEMPORARY TABLE synthea_overlaps (line integer, reason text) ON COMMIT DROP")
    agenda = Agenda()
    visits = await connection.cursor(CANDIDATES)
    while chunk := await visits.fetch(AT_ONCE):
        reasons = ((visit["line"], agenda.take(visit)) for visit in chunk)
        if refused := [(line, reason) for line, reason in reasons if reason is not None]:
            await connection.copy_records_to_table("synthea_overlaps", records=refused)
        agenda.forget(chunk[-1]["ends_at"] - LONGEST)
