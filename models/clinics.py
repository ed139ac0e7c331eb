"""Places, the people who run them, and the rules they book by."""

from datetime import date, datetime, timedelta

from sqlalchemy import (
    CHAR,
    CheckConstraint,
    ForeignKey,
    Index,
    Interval,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Timestamped, Versioned, one_of
from models.enums import ConfirmationRule, Role


class Clinic(Identified, Versioned, Base):
    """A place with a position (degrees, WGS 84) and an IANA time zone that its days are counted in."""

    __tablename__ = "clinics"
    __table_args__ = (
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude_range"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude_range"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso"),
        Index("clinics_city_idx", func.lower(text("city")), "id"),
        Index("clinics_name_idx", "name", "id"),
        Index("clinics_name_words_idx", func.to_tsvector(text("'simple'"), text("name")), postgresql_using="gin"),
        Index("clinics_latitude_idx", "latitude", "longitude", postgresql_include=["id", "is_active"]),
    )

    name: Mapped[str]
    address: Mapped[str]
    city: Mapped[str]
    state: Mapped[str | None]
    postal_code: Mapped[str | None]
    country: Mapped[str] = mapped_column(CHAR(2))
    latitude: Mapped[float]
    longitude: Mapped[float]
    time_zone: Mapped[str]
    currency: Mapped[str] = mapped_column(CHAR(3))
    phone: Mapped[str | None]
    email: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))


class ClinicPolicy(Identified, Base):
    """One version of a clinic's booking rules; an appointment keeps the version it was booked under.

    Money is in minor units of the clinic's currency. A payment window of None: prepayment is not asked. A hold lasts
    `hold_time`, an offer to a waiting patient at most `offer_time`.
    """

    __tablename__ = "clinic_policies"
    __table_args__ = (
        UniqueConstraint("clinic_id", "version"),
        CheckConstraint("late_fee_minor >= 0 AND no_show_fee_minor >= 0", name="fees_not_negative"),
        CheckConstraint("max_reschedules >= 0", name="max_reschedules_not_negative"),
        CheckConstraint(
            "(confirmation = 'PAYMENT') = (payment_window IS NOT NULL)", name="payment_window_with_payment"
        ),
        CheckConstraint(
            "least(notice_to_book, notice_to_cancel, notice_to_reschedule) >= interval '0' AND "
            "greatest(notice_to_book, notice_to_cancel, notice_to_reschedule) <= interval '366 days'",
            name="notices_range",
        ),
        CheckConstraint("payment_window > interval '0' AND payment_window <= interval '366 days'", name="window_range"),
        CheckConstraint("hold_time > interval '0' AND hold_time <= interval '1 hour'", name="hold_time_range"),
        CheckConstraint("offer_time > interval '0' AND offer_time <= interval '7 days'", name="offer_time_range"),
    )

    clinic_id: Mapped[int] = mapped_column(ForeignKey("clinics.id"))
    version: Mapped[int]
    confirmation: Mapped[ConfirmationRule] = mapped_column(one_of(ConfirmationRule, "confirmation"))
    notice_to_book: Mapped[timedelta] = mapped_column(Interval, server_default="0")
    notice_to_cancel: Mapped[timedelta] = mapped_column(Interval, server_default="0")
    notice_to_reschedule: Mapped[timedelta] = mapped_column(Interval, server_default="0")
    max_reschedules: Mapped[int] = mapped_column(SmallInteger, server_default="3")
    late_fee_minor: Mapped[int] = mapped_column(server_default="0")
    no_show_fee_minor: Mapped[int] = mapped_column(server_default="0")
    payment_window: Mapped[timedelta | None] = mapped_column(Interval)
    hold_time: Mapped[timedelta] = mapped_column(Interval, server_default="5 minutes")
    offer_time: Mapped[timedelta] = mapped_column(Interval, server_default="2 hours")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ClinicClosure(Base):
    """A clinic-local day on which the clinic is closed."""

    __tablename__ = "clinic_closures"

    clinic_id: Mapped[int] = mapped_column(ForeignKey("clinics.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str | None]


class Staff(Identified, Timestamped, Base):
    """A user who works for a clinic without being a doctor, as STAFF or MANAGER, until `ended_at`."""

    __tablename__ = "staff"
    __table_args__ = (
        UniqueConstraint("user_id", "clinic_id"),
        CheckConstraint("role IN ('STAFF', 'MANAGER')", name="role_of_staff"),
        Index(None, "clinic_id"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    clinic_id: Mapped[int] = mapped_column(ForeignKey("clinics.id"))
    role: Mapped[Role] = mapped_column(one_of(Role, "role"))
    ended_at: Mapped[datetime | None]
