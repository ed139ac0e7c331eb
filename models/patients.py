"""Patient profiles."""

from datetime import date

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Versioned, one_of
from models.enums import BloodGroup, PatientStatus


class Patient(Identified, Versioned, Base):
    """A patient's profile. No social security, passport or driver's number is ever stored."""

    __tablename__ = "patients"
    __table_args__ = (Index(None, "date_of_birth", "id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    status: Mapped[PatientStatus] = mapped_column(one_of(PatientStatus, "status"), server_default=PatientStatus.ACTIVE)
    date_of_birth: Mapped[date | None]
    blood_group: Mapped[BloodGroup | None] = mapped_column(one_of(BloodGroup, "blood_group"))
    allergies: Mapped[str | None]
    emergency_contact: Mapped[str | None]
