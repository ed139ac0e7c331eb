"""A day on which a clinic is closed."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.fields import Fields
from domain.providers.managing import check_manages, lock_clinic
from domain.providers.withdraw_slots import Reach, Seated, affected, withdraw_slots
from domain.session import Session

ADD = """
INSERT INTO clinic_closures (clinic_id, day, reason) VALUES ($1, $2, $3)
ON CONFLICT (clinic_id, day) DO UPDATE SET reason = excluded.reason
"""
AHEAD = timedelta(days=5 * 366)


async def add_closing_day(
    session: Session, clinic_id: int, day: date, seated: Seated, reason: str | None, *, dry_run: bool
) -> dict[str, Any]:
    """On this clinic-local day the clinic is closed, and its slots are taken back; a dry run only says whom that
    concerns. Raises NotFound, Forbidden, Invalid, Conflict."""
    clinic = await lock_clinic(session, clinic_id)
    await check_manages(session, clinic_id)
    fields = Fields()
    reason = fields.reason(reason)
    today = session.now.astimezone(ZoneInfo(clinic["time_zone"])).date()
    if not today <= day <= today + AHEAD:
        fields["day"] = "this is a day from today on, at most five years ahead"
    fields.check()
    reach = Reach(clinic_id=clinic_id, day=day)
    if dry_run:
        return {"clinic_id": clinic_id, **await affected(session, reach)}
    await session.run(ADD, clinic_id, day, reason)
    told = await withdraw_slots(session, reach, seated, reason)
    session.audit("Clinic", clinic_id, reason=reason)
    session.emit("clinic.updated", "Clinic", clinic_id, clinic_id=clinic_id, closed_on=day.isoformat())
    return {"clinic_id": clinic_id, **told}
