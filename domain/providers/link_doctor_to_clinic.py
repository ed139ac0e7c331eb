"""A doctor who works at a clinic."""

from domain.providers.managing import check_manages, lock_clinic, lock_doctor
from domain.refusal import Forbidden
from domain.session import Session

KNOWN = "SELECT true FROM doctor_clinics WHERE doctor_id = $1 AND clinic_id = $2"

LINK = """
INSERT INTO doctor_clinics AS a (doctor_id, clinic_id, created_at, updated_at) VALUES ($1, $2, $3, $3)
ON CONFLICT (doctor_id, clinic_id) DO UPDATE SET ended_at = NULL, updated_at = $3 WHERE a.ended_at IS NOT NULL
RETURNING true
"""


async def link_doctor_to_clinic(session: Session, doctor_id: int, clinic_id: int) -> int:
    """She works there from now on, perhaps again; returns her id. What is so already stays.

    Managers take back who worked there before. Who never did is linked by an administrator: a clinic's managers see
    its doctors' addresses and credentials, and change their records. Raises NotFound, Forbidden.
    """
    await lock_clinic(session, clinic_id)
    await check_manages(session, clinic_id)
    await lock_doctor(session, doctor_id)
    if not session.viewer.sight.everything and not await session.run(KNOWN, doctor_id, clinic_id):
        raise Forbidden("she never worked here: an administrator links her, or she is invited")
    if await session.run(LINK, doctor_id, clinic_id, session.now):
        session.audit("Doctor", doctor_id)
        session.emit("clinic.updated", "Clinic", clinic_id, clinic_id=clinic_id, doctor_id=doctor_id)
    return doctor_id
