"""What is read of each table: the class of its rows, and its columns under the names that the schema reads."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from asyncpg import Record
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Select,
    Table,
    Text,
    case,
    extract,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import aggregate_order_by

from auth import visibility
from auth.viewer import Sight
from models import (
    Appointment,
    AppointmentStep,
    AuditRecord,
    AvailabilityException,
    AvailabilityTemplate,
    BrowserSession,
    Clinic,
    ClinicClosure,
    ClinicPolicy,
    Credential,
    Doctor,
    Hold,
    OAuthClient,
    Patient,
    Payment,
    Payout,
    Slot,
    Staff,
    User,
    UserRole,
    WaitlistEntry,
    WaitlistOffer,
)
from models.base import Base
from models.slots import free_seats


class AppointmentRow(Record):
    __slots__ = ()


class StepRow(Record):
    __slots__ = ()


class AccessRecordRow(Record):
    __slots__ = ()


class AuditRecordRow(Record):
    __slots__ = ()


class BrowserSessionRow(Record):
    __slots__ = ()


class ClinicPolicyRow(Record):
    __slots__ = ()


class AvailabilityExceptionRow(Record):
    __slots__ = ()


class AvailabilityTemplateRow(Record):
    __slots__ = ()


class ClinicRow(Record):
    __slots__ = ()


class ClosingDayRow(Record):
    __slots__ = ()


class CredentialRow(Record):
    __slots__ = ()


class DoctorRow(Record):
    __slots__ = ()


class HoldRow(Record):
    __slots__ = ()


class PatientRow(Record):
    __slots__ = ()


class PaymentRow(Record):
    __slots__ = ()


class PayoutRow(Record):
    __slots__ = ()


class SlotRow(Record):
    __slots__ = ()


class WaitlistEntryRow(Record):
    __slots__ = ()


class WaitlistOfferRow(Record):
    __slots__ = ()


class StaffMemberRow(Record):
    __slots__ = ()


class UserRow(Record):
    __slots__ = ()


Columns = Callable[[FromClause, Sight], list[ColumnElement[Any]]]


@dataclass(frozen=True, eq=False)
class Entity:
    """A table as it is read: rows of `row`, with `columns` for a sight, restricted by its visibility rule.

    Of the columns only the wanted are read, and those that are `always` needed. `only` are the rows that it is about,
    if it is not about all.
    """

    table: Table
    row: type[Record]
    columns: Columns
    always: frozenset[str] = frozenset({"id"})
    only: Callable[[FromClause], ColumnElement[bool]] | None = None

    @cached_property
    def names(self) -> frozenset[str]:
        """All of its columns."""
        return frozenset(column.name for column in self.columns(self.table, Sight(everything=True)))

    def visible(self, sight: Sight, table: FromClause | None = None) -> ColumnElement[bool]:
        """The rows that a viewer of this sight may see, of the table or an alias of it."""
        rule, table = visibility.RULES.get(self.table), self.table if table is None else table
        seen = true() if rule is None else rule(table, sight)
        return seen if self.only is None else seen & self.only(table)

    def shown(self, sight: Sight, wanted: frozenset[str], table: FromClause | None = None) -> list[ColumnElement[Any]]:
        """The wanted columns, as a viewer of this sight may see them."""
        columns = self.columns(self.table if table is None else table, sight)
        return [column for column in columns if column.name in wanted]

    def select(self, sight: Sight, wanted: frozenset[str]) -> Select[Any]:
        """The wanted columns of the rows that a viewer of this sight may see."""
        return select(*self.shown(sight, wanted)).where(self.visible(sight))


def _table(model: type[Base]) -> Table:
    return cast("Table", model.__table__)


def _plain(*names: str) -> Columns:
    def columns(table: FromClause, sight: Sight) -> list[ColumnElement[Any]]:  # noqa: ARG001 - all see the same
        return [table.c[name] for name in names]

    return columns


def _slot_columns(slot: FromClause, sight: Sight) -> list[ColumnElement[Any]]:  # noqa: ARG001
    minutes = extract("epoch", slot.c.ends_at - slot.c.starts_at) / 60
    return [
        *(slot.c[name] for name in ("id", "doctor_id", "clinic_id", "capacity", "booked_count", "is_active")),
        slot.c.starts_at.label("start"),
        slot.c.ends_at.label("end"),
        sql_cast(minutes, BigInteger).label("duration_minutes"),
        free_seats(slot, visibility.NOW).label("available_seats"),
    ]


NAMED = _table(User).alias("named_users")


def _credential_columns(credential: FromClause, sight: Sight) -> list[ColumnElement[Any]]:  # noqa: ARG001
    today = sql_cast(func.timezone("UTC", visibility.NOW), Date)
    over = (credential.c.status == "APPROVED") & (credential.c.expires_on <= today)
    names = ("id", "doctor_id", "kind", "number", "issuer", "issued_on", "expires_on", "documents")
    return [
        *(credential.c[name] for name in (*names, "reviewed_at", "review_reason", "created_at", "version")),
        case((over, "EXPIRED"), else_=sql_cast(credential.c.status, Text)).label("status"),
    ]


def _patient_columns(patient: FromClause, sight: Sight) -> list[ColumnElement[Any]]:  # noqa: ARG001
    def of_user(name: str) -> ColumnElement[Any]:
        theirs = select(NAMED.c[name]).where(NAMED.c.id == patient.c.user_id).scalar_subquery()
        return func.coalesce(patient.c[name], theirs).label(name)

    names = ("id", "user_id", "name", "status", "date_of_birth", "blood_group", "allergies", "emergency_contact")
    return [
        *(patient.c[name] for name in (*names, "notification_channels", "guardian_id", "of_age_at")),
        *(patient.c[name] for name in ("registered_at_clinic_id", "version")),
        of_user("phone"),
        of_user("language"),
    ]


def _user_columns(user: FromClause, sight: Sight) -> list[ColumnElement[Any]]:
    shown = visibility.contacts(user, sight)

    def contact(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return column if sight.everything else case((shown, column), else_=sql_cast(null(), Text))

    return [
        *(user.c.id, user.c.name, user.c.language),
        contact(user.c.email).label("email"),
        contact(user.c.phone).label("phone"),
        *(_own(user, sight, name) for name in OWN),
    ]


OWN = ("status", "email_verified_at", "last_login_at", "created_at", "version")
"""What of a user only she and administrators see."""


def _own(user: FromClause, sight: Sight, name: str) -> ColumnElement[Any]:
    column: ColumnElement[Any] = user.c[name]
    hidden = sql_cast(null(), column.type)
    return (column if sight.everything else case((visibility.account(user, sight), column), else_=hidden)).label(name)


def _access_columns(record: FromClause, sight: Sight) -> list[ColumnElement[Any]]:  # noqa: ARG001
    user, role, client = User.__table__.alias(), UserRole.__table__.alias(), OAuthClient.__table__.alias()
    roles = select(func.array_agg(aggregate_order_by(role.c.role, role.c.role))).where(
        role.c.user_id == record.c.user_id
    )
    return [
        *(record.c.id, record.c.happened_at, record.c.entity),
        select(user.c.name).where(user.c.id == record.c.user_id).scalar_subquery().label("name"),
        roles.scalar_subquery().label("roles"),
        select(client.c.name).where(client.c.id == record.c.client_id).scalar_subquery().label("application"),
    ]


APPOINTMENT = Entity(
    _table(Appointment),
    AppointmentRow,
    _plain(
        *("id", "slot_id", "patient_id", "doctor_id", "clinic_id", "status", "reason", "notes"),
        *("cancel_reason", "cancelled_at", "booked_at", "pay_by", "reschedule_count", "is_first_visit", "version"),
    ),
    always=frozenset({"id", "patient_id"}),
)
APPOINTMENT_STEP = Entity(
    _table(AppointmentStep),
    StepRow,
    _plain("id", "appointment_id", "from_status", "to_status", "actor_id", "reason", "happened_at"),
)
ACCESS_RECORD = Entity(_table(AuditRecord), AccessRecordRow, _access_columns)
AUDIT_RECORD = Entity(
    _table(AuditRecord),
    AuditRecordRow,
    _plain(
        *("id", "happened_at", "request_id", "user_id", "client_id", "action", "entity", "entity_id", "patient_id"),
        "reason",
    ),
)
BROWSER_SESSION = Entity(
    _table(BrowserSession),
    BrowserSessionRow,
    _plain("id", "user_agent", "address", "auth_time", "amr", "last_seen_at", "expires_at", "ended_at"),
)
CLINIC = Entity(
    _table(Clinic),
    ClinicRow,
    _plain(
        *("id", "name", "address", "city", "state", "postal_code", "country", "latitude", "longitude", "time_zone"),
        *("currency", "phone", "email", "is_active", "version"),
    ),
)
CLINIC_POLICY = Entity(
    _table(ClinicPolicy),
    ClinicPolicyRow,
    _plain(
        *("id", "clinic_id", "version", "confirmation", "notice_to_book", "notice_to_cancel", "notice_to_reschedule"),
        *("max_reschedules", "late_fee_minor", "no_show_fee_minor", "payment_window", "hold_time", "offer_time"),
        "created_at",
    ),
)
CLOSING_DAY = Entity(
    _table(ClinicClosure), ClosingDayRow, _plain("clinic_id", "day", "reason"), always=frozenset({"clinic_id", "day"})
)
CREDENTIAL = Entity(_table(Credential), CredentialRow, _credential_columns)
DOCTOR = Entity(
    _table(Doctor),
    DoctorRow,
    _plain(
        *("id", "user_id", "status", "specialty", "licence_number", "licence_expires_on", "qualifications"),
        *("years_of_experience", "languages", "consultation_fee_minor", "currency", "daily_patient_limit", "version"),
        "review_reason",
    ),
)
AVAILABILITY_EXCEPTION = Entity(
    _table(AvailabilityException),
    AvailabilityExceptionRow,
    _plain(
        *("id", "doctor_id", "clinic_id", "kind", "day", "starts_at", "ends_at", "slot_minutes", "reason"),
        "created_at",
    ),
)
AVAILABILITY_TEMPLATE = Entity(
    _table(AvailabilityTemplate),
    AvailabilityTemplateRow,
    _plain(
        *("id", "doctor_id", "clinic_id", "weekday", "starts_at", "ends_at", "slot_minutes", "buffer_minutes"),
        *("capacity", "valid_from", "valid_until", "version"),
    ),
)
HOLD = Entity(
    _table(Hold),
    HoldRow,
    _plain("id", "slot_id", "patient_id", "held_by_id", "expires_at", "renewals", "released_at", "created_at"),
    always=frozenset({"id", "patient_id"}),
)
PATIENT = Entity(
    _table(Patient),
    PatientRow,
    _patient_columns,
)
PAYMENT = Entity(
    _table(Payment),
    PaymentRow,
    _plain(
        *("id", "appointment_id", "kind", "status", "amount_minor", "covered_minor", "captured_minor"),
        *("refunded_minor", "currency", "captured_at", "created_at"),
    ),
    always=frozenset({"id", "appointment_id"}),
)
VISIT_PAYMENT = replace(PAYMENT, only=lambda payment: payment.c.kind == literal_column("'VISIT'"))
PAYOUT = Entity(
    _table(Payout),
    PayoutRow,
    _plain("id", "doctor_id", "period_start", "period_end", "amount_minor", "currency", "status", "created_at"),
)
SLOT = Entity(_table(Slot), SlotRow, _slot_columns)
STAFF_MEMBER = Entity(
    _table(Staff), StaffMemberRow, _plain("id", "user_id", "clinic_id", "role", "created_at", "ended_at")
)
USER = Entity(_table(User), UserRow, _user_columns)
WAITLIST_ENTRY = Entity(
    _table(WaitlistEntry),
    WaitlistEntryRow,
    _plain(
        *("id", "patient_id", "appointment_id", "doctor_ids", "clinic_ids", "specialty", "windows", "status"),
        "created_at",
    ),
    always=frozenset({"id", "patient_id"}),
)
WAITLIST_OFFER = Entity(
    _table(WaitlistOffer),
    WaitlistOfferRow,
    _plain("id", "entry_id", "slot_id", "hold_id", "status", "created_at"),
)
