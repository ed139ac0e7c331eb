"""Roll-ups: what dashboards add up, kept per doctor and clinic over spans of days. `rollup_triggers` writes them.

A row covers the clinic-local days [first_day, first_day + days) of one scope: a doctor at a clinic; all doctors of a
clinic (`doctor_id` 0); everything (both 0); for tops also a doctor wherever she works (`clinic_id` 0). Spans are 1, 4,
16, 64 and 256 days, aligned to multiples of their length, so that any range is the sum of a few of them. A figure is
the sum over these rows **and** over what stands in `roll_up_changes` for the scope and range: changes are only added
there, and folded into the other tables later.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import CHAR, CheckConstraint, Index, SmallInteger, TextClause, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, one_of
from models.enums import AppointmentStatus

SPANS = (256, 64, 16, 4, 1)
WIDE_SPANS = (256, 16, 1)
"""Of histograms, which have many rows a span."""
TOP_SPANS = (64, 16, 4, 1)
"""Of tops: a longest one of 256 days would cost a fifth of their writing and save one span or two of a year's."""

ALL = 0
"""As `doctor_id`: all doctors of the clinic; as `clinic_id`: all clinics of the doctor; as both ids: everything."""


class _Span:
    doctor_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, sort_order=-4)
    clinic_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, sort_order=-3)
    days: Mapped[int] = mapped_column(SmallInteger, primary_key=True, sort_order=-2)
    first_day: Mapped[date] = mapped_column(primary_key=True, sort_order=-1)


def by_clinic(table: str) -> Index:
    """An index to compare the doctors of a clinic over a span; partial, so that no other look-up takes it."""
    columns = ("days", "first_day", "clinic_id")
    return Index(f"{table}_doctors_idx", *columns, postgresql_where=text("doctor_id > 0"))


def by_amount(table: str, *columns: str) -> tuple[Index, Index]:
    """Indexes that have the doctors, and the clinics, of a span with the largest amount first."""
    return (
        Index(f"{table}_doctors_idx", *_first_by(columns, "doctor_id"), postgresql_where=text("doctor_id > 0")),
        Index(f"{table}_clinics_idx", *_first_by(columns, "clinic_id"), postgresql_where=text("clinic_id > 0")),
    )


def _first_by(columns: Sequence[str], subject: str) -> tuple[str | TextClause, ...]:
    *among, amount = columns
    return ("days", "first_day", *among, text(f"{amount} DESC"), subject)


class RollUpCount(_Span, Base):
    """Seats offered, appointments by status, first visits that keep their seat, seats freed and of these refilled."""

    __tablename__ = "roll_up_counts"
    __table_args__ = (by_clinic("roll_up_counts"),)

    offered: Mapped[int] = mapped_column(server_default="0")
    pending: Mapped[int] = mapped_column(server_default="0")
    confirmed: Mapped[int] = mapped_column(server_default="0")
    checked_in: Mapped[int] = mapped_column(server_default="0")
    in_progress: Mapped[int] = mapped_column(server_default="0")
    completed: Mapped[int] = mapped_column(server_default="0")
    cancelled: Mapped[int] = mapped_column(server_default="0")
    no_show: Mapped[int] = mapped_column(server_default="0")
    declined: Mapped[int] = mapped_column(server_default="0")
    first_visits: Mapped[int] = mapped_column(server_default="0")
    freed: Mapped[int] = mapped_column(server_default="0")
    refilled: Mapped[int] = mapped_column(server_default="0")


class RollUpLeadTime(_Span, Base):
    """Appointments that keep their seat, by whole days (24 hours) between booking and visit: a histogram adds up."""

    __tablename__ = "roll_up_lead_times"

    lead_days: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    appointments: Mapped[int] = mapped_column(server_default="0")


class RollUpHour(_Span, Base):
    """Appointments that keep their seat, by ISO weekday and the clinic-local hour in which they begin.

    Only for clinics and for everything.
    """

    __tablename__ = "roll_up_hours"

    weekday: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    hour: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    appointments: Mapped[int] = mapped_column(server_default="0")


class RollUpRevenue(_Span, Base):
    """Money by the day on which it was captured, and what of it was refunded since, in minor units of a currency."""

    __tablename__ = "roll_up_revenue"
    __table_args__ = (by_clinic("roll_up_revenue"),)

    currency: Mapped[str] = mapped_column(CHAR(3), primary_key=True)
    captured_minor: Mapped[int] = mapped_column(server_default="0")
    refunded_minor: Mapped[int] = mapped_column(server_default="0")


class RollUpTopBookings(_Span, Base):
    """Appointments that keep their seat, of a doctor at all her clinics, or of a clinic: to see who has the most.

    A table of its own, as every change moves its rows in the indexes by amount.
    """

    __tablename__ = "roll_up_top_bookings"
    __table_args__ = by_amount("roll_up_top_bookings", "bookings")

    bookings: Mapped[int] = mapped_column(server_default="0")


class RollUpTopRevenue(_Span, Base):
    """Money captured less what of it was refunded since, of a doctor at all her clinics, or of a clinic."""

    __tablename__ = "roll_up_top_revenue"
    __table_args__ = by_amount("roll_up_top_revenue", "currency", "net_minor")

    currency: Mapped[str] = mapped_column(CHAR(3), primary_key=True)
    net_minor: Mapped[int] = mapped_column(server_default="0")


class RollUpSpecialtyBookings(_Span, Base):
    """Appointments that keep their seat, of all doctors who have a specialty now; both ids are 0."""

    __tablename__ = "roll_up_specialty_bookings"

    specialty: Mapped[str] = mapped_column(primary_key=True)
    bookings: Mapped[int] = mapped_column(server_default="0")


class RollUpSpecialtyRevenue(_Span, Base):
    """Money captured less what of it was refunded since, of all doctors who have a specialty now; both ids are 0."""

    __tablename__ = "roll_up_specialty_revenue"

    specialty: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(CHAR(3), primary_key=True)
    net_minor: Mapped[int] = mapped_column(server_default="0")


class RollUpChange(Identified, Base):
    """What was added to (or, negative, taken from) a doctor's day at a clinic and is not folded yet.

    One of three: `appointments` of a status, hour, lead time and first visit or not; seats `offered`, `freed` and
    `refilled`; money of a `currency`.
    """

    __tablename__ = "roll_up_changes"
    __table_args__ = (
        CheckConstraint("(status IS NULL) = (appointments = 0)", name="appointments_have_status"),
        CheckConstraint("(currency IS NULL) = (captured_minor = 0 AND refunded_minor = 0)", name="money_has_currency"),
    )

    doctor_id: Mapped[int]
    clinic_id: Mapped[int]
    day: Mapped[date]
    status: Mapped[AppointmentStatus | None] = mapped_column(one_of(AppointmentStatus, "status"))
    hour: Mapped[int | None] = mapped_column(SmallInteger)
    lead_days: Mapped[int | None]
    is_first_visit: Mapped[bool | None]
    appointments: Mapped[int] = mapped_column(server_default="0")
    offered: Mapped[int] = mapped_column(server_default="0")
    freed: Mapped[int] = mapped_column(server_default="0")
    refilled: Mapped[int] = mapped_column(server_default="0")
    currency: Mapped[str | None] = mapped_column(CHAR(3))
    captured_minor: Mapped[int] = mapped_column(server_default="0")
    refunded_minor: Mapped[int] = mapped_column(server_default="0")
