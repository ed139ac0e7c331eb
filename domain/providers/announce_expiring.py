"""Telling ahead of time that a credential is about to expire. The worker asks once in a while."""

from domain.providers.licences import utc_day
from domain.session import Session

NOTICES = (30, 7, 1)
"""Days before the day on which it counts no more; each is told once."""

# The shortest notice that is due, of those that were not given. What is renewed meanwhile is not worth a word.
DUE = """
UPDATE credentials c SET announced_days = due.days FROM (
  SELECT e.id, e.expires_on - $1::date AS days_left, min(n.days) AS days
  FROM credentials e JOIN unnest($2::int[]) AS n (days) ON e.expires_on - $1::date <= n.days
  WHERE e.status = 'APPROVED' AND e.expires_on > $1 AND e.expires_on <= $1::date + $3::int
    AND NOT EXISTS (
      SELECT FROM credentials r WHERE r.doctor_id = e.doctor_id AND r.kind = e.kind AND r.status = 'APPROVED'
        AND (r.expires_on IS NULL OR r.expires_on > e.expires_on))
  GROUP BY e.id
) AS due
WHERE c.id = due.id AND (c.announced_days IS NULL OR c.announced_days > due.days)
RETURNING c.id, c.doctor_id, c.kind, due.days_left
"""


async def announce_expiring(session: Session) -> int:
    """Emits `credential.expiring` for what expires in 30, 7 and 1 days from the session's instant; returns how many.

    Where nobody asked for a while, only the shortest notice is given. Running it again tells nothing twice.
    """
    due = await session.run(DUE, utc_day(session.now), list(NOTICES), max(NOTICES))
    for row in due:
        session.emit(
            "credential.expiring",
            "Doctor",
            row["doctor_id"],
            credential_id=row["id"],
            doctor_id=row["doctor_id"],
            kind=row["kind"],
            days_left=row["days_left"],
        )
    return len(due)
