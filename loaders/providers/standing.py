"""How doctors and clinics do, as an administrator asks: what lies ahead of them, and whether they may go on."""

from sqlalchemy import BigInteger, ColumnElement, Date, FromClause, cast, exists, func, literal_column, not_, select

from auth.visibility import NOW
from loaders.entities import APPOINTMENT, CREDENTIAL, DOCTOR, SLOT
from models.base import Instant

DOCTORS, SLOTS = DOCTOR.table, SLOT.table
AHEAD = APPOINTMENT.table.alias("appointments_ahead")
LICENCE = CREDENTIAL.table.alias("licences")
TODAY = cast(func.timezone("UTC", NOW), Date)

SOON = 30
"""Days ahead in which a licence is called expiring."""


def load(of: ColumnElement[int], whose: str) -> ColumnElement[int]:
    """How many appointments start within the next seven days; `whose` is their column that says whose they are."""
    within = (AHEAD.c.starts_at >= NOW) & (AHEAD.c.starts_at < NOW + literal_column("interval '7 days'"))
    count = select(func.count()).select_from(AHEAD).where(AHEAD.c[whose] == of, AHEAD.c.keeps_seat, within)
    return cast(count.scalar_subquery(), BigInteger)


def without_slots(of: ColumnElement[int], whose: str) -> ColumnElement[bool]:
    """Whether no slot lies ahead, free or taken."""
    return not_(exists(select(SLOTS.c.id).where(SLOTS.c[whose] == of, SLOTS.c.is_active, SLOTS.c.starts_at > NOW)))


def licence_missing() -> ColumnElement[bool]:
    """Whether no licence was ever approved on its documents."""
    approved = select(LICENCE.c.id).where(
        LICENCE.c.doctor_id == DOCTORS.c.id, LICENCE.c.kind == "LICENCE", LICENCE.c.status == "APPROVED"
    )
    return not_(exists(approved))


def licence_expired() -> ColumnElement[bool]:
    return DOCTORS.c.licence_expires_on <= TODAY


def licence_expiring() -> ColumnElement[bool]:
    """Whether it expires within the next thirty days."""
    return (DOCTORS.c.licence_expires_on > TODAY) & (DOCTORS.c.licence_expires_on <= TODAY + SOON)


def last_login(users: FromClause) -> ColumnElement[object]:
    """When somebody last signed in; who never did is the longest ago."""
    return func.coalesce(users.c.last_login_at, literal_column("timestamptz 'epoch'"), type_=Instant)
