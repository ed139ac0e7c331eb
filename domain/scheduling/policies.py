"""The policy that an appointment was booked under."""

from asyncpg import Record

from domain.scheduling.policy import Policy
from domain.session import Session

READ = """
SELECT p.*, c.currency FROM clinics c LEFT JOIN clinic_policies p ON p.id = $2 WHERE c.id = $1
"""


async def policy_of(session: Session, appointment: Record) -> tuple[Policy, str]:
    """The version in force when it was booked (without one, all is allowed), and the clinic's currency."""
    (row,) = await session.run(READ, appointment["clinic_id"], appointment["policy_id"])
    return Policy() if row["id"] is None else Policy.of(row), row["currency"]
