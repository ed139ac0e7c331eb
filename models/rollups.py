"""Daily figures per doctor and clinic, written in the transaction that changes the facts."""

from datetime import date

from sqlalchemy import CHAR, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of
from models.enums import AppointmentStatus


class _DoctorClinicDay:
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"), primary_key=True)
    clinic_id: Mapped[int] = mapped_column(ForeignKey("clinics.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)


class DailySeats(_DoctorClinicDay, Base):
    """Seats offered and taken on a clinic-local day."""

    __tablename__ = "daily_seats"
    __table_args__ = (Index(None, "clinic_id", "day"),)

    offered: Mapped[int] = mapped_column(server_default="0")
    taken: Mapped[int] = mapped_column(server_default="0")


class DailyStatus(_DoctorClinicDay, Base):
    """Appointments of a clinic-local day by status; `first_visits` of them are of new patients."""

    __tablename__ = "daily_statuses"
    __table_args__ = (Index(None, "clinic_id", "day"),)

    status: Mapped[AppointmentStatus] = mapped_column(one_of(AppointmentStatus, "status"), primary_key=True)
    appointments: Mapped[int] = mapped_column(server_default="0")
    first_visits: Mapped[int] = mapped_column(server_default="0")


class DailyLeadTime(_DoctorClinicDay, Base):
    """Appointments of a clinic-local day by whole days between booking and visit: a histogram, so that it adds up."""

    __tablename__ = "daily_lead_times"
    __table_args__ = (Index(None, "clinic_id", "day"),)

    lead_days: Mapped[int] = mapped_column(primary_key=True)
    appointments: Mapped[int] = mapped_column(server_default="0")


class DailyRevenue(_DoctorClinicDay, Base):
    """Money captured and refunded on a clinic-local day, in minor units of a currency."""

    __tablename__ = "daily_revenue"
    __table_args__ = (Index(None, "clinic_id", "day"),)

    currency: Mapped[str] = mapped_column(CHAR(3), primary_key=True)
    captured_minor: Mapped[int] = mapped_column(server_default="0")
    refunded_minor: Mapped[int] = mapped_column(server_default="0")
