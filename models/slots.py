"""Bookable time: slots, holds on their seats, and a doctor's count per day."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    FromClause,
    Index,
    SmallInteger,
    and_,
    case,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Timestamped


def scalar_range(name: str) -> Any:
    """An id as a range of one, which an exclusion constraint can compare without btree_gist."""
    return func.int8range(literal_column(name), literal_column(name), text("'[]'"))


class Slot(Identified, Timestamped, Base):
    """A bookable interval [starts_at, ends_at) of one doctor at one clinic; `blocked_until` adds the buffer.

    Triggers keep `local_day` (the clinic's day) and the counters: `booked_count` are appointments that keep their
    seat, `unpaid_count` those of them that lapse at `pay_by`, `held_count` holds not yet released. What has expired
    is still counted here; readers subtract it (loaders) and writers release it first (domain). A slot of the plan has
    a template or `is_extra` (from extra hours); others were made by hand.
    """

    __tablename__ = "slots"
    __table_args__ = (
        ForeignKeyConstraint(["doctor_id", "clinic_id"], ["doctor_clinics.doctor_id", "doctor_clinics.clinic_id"]),
        CheckConstraint("starts_at < ends_at AND ends_at <= blocked_until", name="starts_before_end"),
        CheckConstraint("capacity >= 1", name="capacity_positive"),
        CheckConstraint(
            "booked_count >= 0 AND held_count >= 0 AND unpaid_count BETWEEN 0 AND booked_count",
            name="counts_valid",
        ),
        CheckConstraint("booked_count + held_count <= capacity", name="seats_within_capacity"),
        ExcludeConstraint(
            (scalar_range("doctor_id"), "&&"),
            (func.tstzrange(literal_column("starts_at"), literal_column("blocked_until")), "&&"),
            where=text("is_active OR booked_count > 0"),
            name="slots_of_a_doctor_do_not_overlap",
        ),
        Index(
            "slots_doctor_free_idx",
            "doctor_id",
            "starts_at",
            "id",
            postgresql_where=text("is_active AND booked_count - unpaid_count < capacity"),
        ),
        Index(None, "doctor_id", "starts_at", "id"),
        Index(None, "clinic_id", "starts_at", "id"),
        Index(None, "starts_at", "id"),
    )

    doctor_id: Mapped[int]
    clinic_id: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    blocked_until: Mapped[datetime]
    local_day: Mapped[date]
    capacity: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    booked_count: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    unpaid_count: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    held_count: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    template_id: Mapped[int | None] = mapped_column(ForeignKey("availability_templates.id"))
    is_extra: Mapped[bool] = mapped_column(server_default=text("false"))


class Hold(Identified, Base):
    """An exclusive claim on one seat of a slot until `expires_at`; released when booked, let go or swept."""

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint("renewals BETWEEN 0 AND 1", name="renewed_once"),
        Index(None, "slot_id"),
        Index("holds_slot_live_idx", "slot_id", "expires_at", postgresql_where=text("released_at IS NULL")),
        Index(None, "patient_id"),
    )

    slot_id: Mapped[int] = mapped_column(ForeignKey("slots.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    held_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    expires_at: Mapped[datetime]
    renewals: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    released_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DoctorDay(Base):
    """How many appointments a doctor has on a clinic-local day; a trigger refuses more than her daily limit.

    Bookings made by override are not counted.
    """

    __tablename__ = "doctor_days"
    __table_args__ = (CheckConstraint("booked_count >= 0", name="count_valid"),)

    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    booked_count: Mapped[int] = mapped_column(SmallInteger)


def might_have_seats(slot: FromClause) -> ColumnElement[bool]:
    """The predicate of the partial indexes on free slots: not taken for good. If one is free now says `free_seats`."""
    return and_(slot.c.is_active, slot.c.booked_count - slot.c.unpaid_count < slot.c.capacity)


def free_seats(slot: FromClause, now: ColumnElement[datetime]) -> ColumnElement[int]:
    """Seats of a slot that can be had at `now`: expired holds and unpaid bookings past their time count as free.

    Slots without holds and unpaid bookings, nearly all, cost no look-up.
    """
    # Aliases, because SQLAlchemy would take a table that the query around already has for the same row.
    hold = Hold.__table__.alias("slot_holds")
    appointment = Base.metadata.tables["appointments"].alias("slot_appointments")
    expired_holds = select(func.count()).where(
        hold.c.slot_id == slot.c.id, hold.c.released_at.is_(None), hold.c.expires_at <= now
    )
    lapsed_bookings = select(func.count()).where(
        appointment.c.slot_id == slot.c.id, appointment.c.awaits_payment, appointment.c.pay_by <= now
    )
    return (
        slot.c.capacity
        - slot.c.booked_count
        - slot.c.held_count
        + case(
            (
                slot.c.held_count + slot.c.unpaid_count > 0,
                expired_holds.scalar_subquery() + lapsed_bookings.scalar_subquery(),
            ),
            else_=literal_column("0"),
        )
    )
