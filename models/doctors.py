"""Provider profiles, where they work, and when."""

from datetime import date, datetime, time

from sqlalchemy import (
    CHAR,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Timestamped, Versioned, one_of
from models.enums import AvailabilityExceptionKind, CredentialKind, CredentialStatus, DoctorStatus


class Doctor(Identified, Versioned, Base):
    """A provider. From `licence_expires_on` (clinic-local day) on there are no free slots; the daily limit counts
    appointments per clinic-local day over all clinics, None is no limit. The fee is in minor units."""

    __tablename__ = "doctors"
    __table_args__ = (
        CheckConstraint("consultation_fee_minor >= 0", name="fee_not_negative"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso"),
        CheckConstraint("daily_patient_limit > 0", name="daily_limit_positive"),
        CheckConstraint("years_of_experience BETWEEN 0 AND 80", name="experience_range"),
        Index("doctors_specialty_idx", func.lower(text("specialty")), "id"),
        Index("doctors_fee_idx", "consultation_fee_minor", "id"),
        Index("doctors_experience_idx", "years_of_experience", "id"),
        Index("doctors_languages_idx", "languages", postgresql_using="gin"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    status: Mapped[DoctorStatus] = mapped_column(one_of(DoctorStatus, "status"))
    specialty: Mapped[str]
    licence_number: Mapped[str] = mapped_column(unique=True)
    licence_expires_on: Mapped[date | None]
    qualifications: Mapped[str | None]
    years_of_experience: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    languages: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{en}'"))
    consultation_fee_minor: Mapped[int] = mapped_column(server_default="0")
    currency: Mapped[str] = mapped_column(CHAR(3))
    daily_patient_limit: Mapped[int | None] = mapped_column(SmallInteger)
    approved_at: Mapped[datetime | None]
    review_reason: Mapped[str | None]


class Credential(Identified, Versioned, Base):
    """Something that a doctor must show, with references to its documents. From `expires_on` on it counts no more.

    Of her approved licences the one that is good longest says `doctors.licence_expires_on`. `announced_days` is the
    shortest notice of its expiry that was given.
    """

    __tablename__ = "credentials"
    __table_args__ = (
        CheckConstraint("status <> 'EXPIRED'", name="expired_by_itself"),
        CheckConstraint("expires_on > issued_on", name="days_in_order"),
        CheckConstraint("(status = 'SUBMITTED') = (reviewed_at IS NULL)", name="reviewed_or_submitted"),
        CheckConstraint("cardinality(documents) <= 20", name="documents_few"),
        Index(None, "doctor_id", "id"),
        Index("credentials_expiry_idx", "expires_on", "id", postgresql_where=text("status = 'APPROVED'")),
    )

    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"))
    kind: Mapped[CredentialKind] = mapped_column(one_of(CredentialKind, "kind"))
    number: Mapped[str]
    issuer: Mapped[str | None]
    issued_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    documents: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    status: Mapped[CredentialStatus] = mapped_column(
        one_of(CredentialStatus, "status"), server_default=CredentialStatus.SUBMITTED
    )
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reviewed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reviewed_at: Mapped[datetime | None]
    review_reason: Mapped[str | None]
    announced_days: Mapped[int | None] = mapped_column(SmallInteger)


class DoctorClinic(Timestamped, Base):
    """An affiliation: the doctor works at the clinic, until `ended_at`.

    Triggers (`affiliation_triggers`) keep what a search asks: her specialty in lower case; `bookable_before`, the
    clinic-local day from which on she has no free slots, infinity if never and -infinity if she is not approved;
    `slot_parts`, when in a week slots of hers were made here.
    """

    __tablename__ = "doctor_clinics"
    __table_args__ = (
        Index(None, "clinic_id", "doctor_id"),
        # A search reads no affiliation itself.
        Index(
            "doctor_clinics_specialty_idx",
            "specialty",
            "clinic_id",
            postgresql_include=["doctor_id", "bookable_before", "slot_parts"],
            postgresql_where=text("slot_parts <> 0"),
        ),
    )

    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"), primary_key=True)
    clinic_id: Mapped[int] = mapped_column(ForeignKey("clinics.id"), primary_key=True)
    ended_at: Mapped[datetime | None]
    specialty: Mapped[str]
    bookable_before: Mapped[date]
    slot_parts: Mapped[int] = mapped_column(server_default="0")


class AvailabilityTemplate(Identified, Versioned, Base):
    """A weekly rule in the clinic's local time: ISO weekday (1 is Monday), from, to, minutes per slot and between.

    One that was removed stays, because slots say which template they came from.
    """

    __tablename__ = "availability_templates"
    __table_args__ = (
        ForeignKeyConstraint(["doctor_id", "clinic_id"], ["doctor_clinics.doctor_id", "doctor_clinics.clinic_id"]),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_iso"),
        CheckConstraint("starts_at < ends_at", name="starts_before_end"),
        CheckConstraint("slot_minutes BETWEEN 5 AND 480 AND buffer_minutes BETWEEN 0 AND 240", name="minutes_range"),
        CheckConstraint("capacity >= 1", name="capacity_positive"),
        CheckConstraint("valid_until >= valid_from", name="valid_range"),
        Index(None, "doctor_id", "clinic_id", "weekday"),
    )

    doctor_id: Mapped[int]
    clinic_id: Mapped[int]
    weekday: Mapped[int] = mapped_column(SmallInteger)
    starts_at: Mapped[time]
    ends_at: Mapped[time]
    slot_minutes: Mapped[int] = mapped_column(SmallInteger)
    buffer_minutes: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    capacity: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    removed_at: Mapped[datetime | None]


class AvailabilityException(Identified, Timestamped, Base):
    """A dated change to the templates: leave or holiday removes (the whole day without times), extra hours add.

    Without a clinic it counts for all clinics of the doctor.
    """

    __tablename__ = "availability_exceptions"
    __table_args__ = (
        CheckConstraint("(starts_at IS NULL) = (ends_at IS NULL) AND starts_at < ends_at", name="starts_before_end"),
        CheckConstraint(
            "kind <> 'EXTRA_HOURS' OR (starts_at IS NOT NULL AND slot_minutes IS NOT NULL AND clinic_id IS NOT NULL)",
            name="extra_hours_complete",
        ),
        CheckConstraint("slot_minutes BETWEEN 5 AND 480", name="minutes_range"),
        Index(None, "doctor_id", "day"),
    )

    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"))
    clinic_id: Mapped[int | None] = mapped_column(ForeignKey("clinics.id"))
    kind: Mapped[AvailabilityExceptionKind] = mapped_column(one_of(AvailabilityExceptionKind, "kind"))
    day: Mapped[date]
    starts_at: Mapped[time | None]
    ends_at: Mapped[time | None]
    slot_minutes: Mapped[int | None] = mapped_column(SmallInteger)
    reason: Mapped[str | None]
