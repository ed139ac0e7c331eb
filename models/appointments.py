"""A patient's seat in a slot, its history, and those who wait for one."""

from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    SmallInteger,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Timestamped, Versioned, one_of
from models.enums import AppointmentStatus, OfferStatus, WaitlistStatus
from models.slots import scalar_range


class Appointment(Identified, Versioned, Base):
    """A patient's seat in a slot. Doctor, clinic, times and day are copied from the slot by a trigger."""

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint("reschedule_count >= 0", name="reschedule_count_valid"),
        ExcludeConstraint(
            (scalar_range("patient_id"), "&&"),
            (func.tstzrange(literal_column("starts_at"), literal_column("ends_at")), "&&"),
            where=text("keeps_seat"),
            name="appointments_of_a_patient_do_not_overlap",
        ),
        Index(None, "slot_id"),
        Index(None, "starts_at", "id"),
        Index(None, "patient_id", "starts_at", "id"),
        Index(None, "doctor_id", "starts_at", "id"),
        Index(None, "clinic_id", "starts_at", "id"),
        Index("appointments_doctor_patient_idx", "doctor_id", "patient_id", postgresql_where=text("keeps_seat")),
        Index("appointments_clinic_patient_idx", "clinic_id", "patient_id"),
        Index("appointments_doctor_unpaid_idx", "doctor_id", "local_day", postgresql_where=text("awaits_payment")),
        Index("appointments_patient_unpaid_idx", "patient_id", postgresql_where=text("awaits_payment")),
    )

    slot_id: Mapped[int] = mapped_column(ForeignKey("slots.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"))
    clinic_id: Mapped[int] = mapped_column(ForeignKey("clinics.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    local_day: Mapped[date]
    status: Mapped[AppointmentStatus] = mapped_column(one_of(AppointmentStatus, "status"))
    keeps_seat: Mapped[bool] = mapped_column(Computed("status NOT IN ('CANCELLED', 'DECLINED')", persisted=True))
    awaits_payment: Mapped[bool] = mapped_column(Computed("status = 'PENDING' AND pay_by IS NOT NULL", persisted=True))
    pay_by: Mapped[datetime | None]
    reason: Mapped[str | None]
    notes: Mapped[str | None]
    cancel_reason: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("clinic_policies.id"))
    booked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    booked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    reschedule_count: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    is_first_visit: Mapped[bool] = mapped_column(server_default=text("false"))
    is_override: Mapped[bool] = mapped_column(server_default=text("false"))


class AppointmentStep(Identified, Base):
    """One entry of an appointment's timeline: from what to what, by whom, why, when; slots when it moved.

    A trigger fills in the clinic where the appointment was at that moment. That clinic and `to_slot_id` have no foreign
    keys: the appointment, or a later step with its `from_slot_id`, points at them already.
    """

    __tablename__ = "appointment_timeline"
    __table_args__ = (
        Index(None, "appointment_id", "id"),
        Index(None, "clinic_id", "id"),
        Index(None, "from_slot_id", postgresql_where=text("from_slot_id IS NOT NULL")),
    )

    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    clinic_id: Mapped[int]
    from_status: Mapped[AppointmentStatus | None] = mapped_column(one_of(AppointmentStatus, "from_status"))
    to_status: Mapped[AppointmentStatus] = mapped_column(one_of(AppointmentStatus, "to_status"))
    from_slot_id: Mapped[int | None] = mapped_column(ForeignKey("slots.id"))
    to_slot_id: Mapped[int | None]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    client_id: Mapped[str | None]
    reason: Mapped[str | None]
    happened_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WaitlistEntry(Identified, Timestamped, Base):
    """A patient who wants an earlier or a full slot; empty lists mean any. She would give up `appointment_id`."""

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        Index("waitlist_entries_open_idx", "id", postgresql_where=text("status IN ('WAITING', 'OFFERED')")),
        Index(None, "patient_id"),
    )

    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    doctor_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    clinic_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    specialty: Mapped[str | None]
    windows: Mapped[object] = mapped_column(TSTZMULTIRANGE, server_default=text("'{(,)}'"))
    status: Mapped[WaitlistStatus] = mapped_column(
        one_of(WaitlistStatus, "status"), server_default=WaitlistStatus.WAITING
    )


class WaitlistOffer(Identified, Timestamped, Base):
    """A freed seat, held for one waiting patient until its hold expires."""

    __tablename__ = "waitlist_offers"
    __table_args__ = (
        Index(
            "waitlist_offers_entry_open_key",
            "entry_id",
            unique=True,
            postgresql_where=text("status = 'OPEN'"),
        ),
    )

    entry_id: Mapped[int] = mapped_column(ForeignKey("waitlist_entries.id"))
    slot_id: Mapped[int] = mapped_column(ForeignKey("slots.id"), index=True)
    hold_id: Mapped[int] = mapped_column(ForeignKey("holds.id"), unique=True)
    status: Mapped[OfferStatus] = mapped_column(one_of(OfferStatus, "status"), server_default=OfferStatus.OPEN)
