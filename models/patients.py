"""Patient profiles."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Versioned, one_of
from models.enums import BloodGroup, PatientStatus


class Patient(Identified, Versioned, Base):
    """A patient's profile. No social security, passport or driver's number is ever stored.

    Most sign in themselves; the name is then their user's, copied by triggers. A dependant has a guardian until
    `of_age_at`: midnight of the day on which she comes of age where `of_age_clinic_id` is, or when that one ended it
    earlier. Others without a user were registered by a clinic. Phone and language stand here only where there is no
    user to have them.
    """

    __tablename__ = "patients"
    __table_args__ = (
        CheckConstraint("num_nonnulls(user_id, guardian_id, registered_at_clinic_id) > 0", name="known_to_somebody"),
        CheckConstraint("guardian_id <> id", name="not_own_guardian"),
        CheckConstraint(
            "num_nonnulls(guardian_id, of_age_at, of_age_clinic_id) IN (0, 3) AND "
            "(guardian_id IS NULL OR date_of_birth IS NOT NULL)",
            name="dependant_complete",
        ),
        CheckConstraint("user_id IS NULL OR num_nonnulls(phone, language) = 0", name="contact_of_user"),
        CheckConstraint("notification_channels <@ '{EMAIL,SMS,PUSH}'::varchar[]", name="channels_known"),
        Index(None, "date_of_birth", "id"),
        Index("patients_name_idx", "name", "id"),
        Index("patients_name_words_idx", func.to_tsvector(text("'simple'"), text("name")), postgresql_using="gin"),
        Index("patients_guardian_idx", "guardian_id", postgresql_where=text("guardian_id IS NOT NULL")),
        Index(
            "patients_registered_idx",
            "registered_at_clinic_id",
            "id",
            postgresql_where=text("registered_at_clinic_id IS NOT NULL"),
        ),
    )

    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), unique=True)
    name: Mapped[str]
    phone: Mapped[str | None]
    language: Mapped[str | None]
    notification_channels: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{EMAIL}'"))
    status: Mapped[PatientStatus] = mapped_column(one_of(PatientStatus, "status"), server_default=PatientStatus.ACTIVE)
    date_of_birth: Mapped[date | None]
    blood_group: Mapped[BloodGroup | None] = mapped_column(one_of(BloodGroup, "blood_group"))
    allergies: Mapped[str | None]
    emergency_contact: Mapped[str | None]
    guardian_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"))
    of_age_at: Mapped[datetime | None]
    of_age_clinic_id: Mapped[int | None] = mapped_column(ForeignKey("clinics.id"))
    registered_at_clinic_id: Mapped[int | None] = mapped_column(ForeignKey("clinics.id"))
