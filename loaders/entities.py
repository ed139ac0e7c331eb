"""What is read of each table: the class of its rows, and its columns under the names that the schema reads."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, cast

from asyncpg import Record
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    case,
    extract,
    null,
    select,
    true,
)
from sqlalchemy import cast as sql_cast

from auth import visibility
from auth.viewer import Sight
from loaders.statement import Statement, compile_statement, one_of_ids
from models import Appointment, AppointmentStep, Clinic, Doctor, Patient, Payment, Slot, User
from models.base import Base
from models.slots import free_seats


class AppointmentRow(Record):
    __slots__ = ()


class StepRow(Record):
    __slots__ = ()


class ClinicRow(Record):
    __slots__ = ()


class DoctorRow(Record):
    __slots__ = ()


class PatientRow(Record):
    __slots__ = ()


class PaymentRow(Record):
    __slots__ = ()


class SlotRow(Record):
    __slots__ = ()


class UserRow(Record):
    __slots__ = ()


Columns = Callable[[FromClause, Sight], list[ColumnElement[Any]]]


@dataclass(frozen=True, eq=False)
class Entity:
    """A table as it is read: rows of `row`, with `columns` for a sight, restricted by its visibility rule.

    Of the columns only the wanted are read, and those that are `always` needed.
    """

    table: Table
    row: type[Record]
    columns: Columns
    always: frozenset[str] = frozenset({"id"})

    @cached_property
    def names(self) -> frozenset[str]:
        """All of its columns."""
        return frozenset(column.name for column in self.columns(self.table, Sight(everything=True)))

    def visible(self, sight: Sight) -> ColumnElement[bool]:
        rule = visibility.RULES.get(self.table)
        return true() if rule is None else rule(self.table, sight)

    def shown(self, sight: Sight, wanted: frozenset[str]) -> list[ColumnElement[Any]]:
        """The wanted columns, as a viewer of this sight may see them."""
        return [column for column in self.columns(self.table, sight) if column.name in wanted]

    def select(self, sight: Sight, wanted: frozenset[str]) -> Select[Any]:
        """The wanted columns of the rows that a viewer of this sight may see."""
        return select(*self.shown(sight, wanted)).where(self.visible(sight))


@lru_cache(maxsize=4096)
def select_by(entity: Entity, column: str, sight: Sight, wanted: frozenset[str]) -> Statement:
    """Visible rows whose column is one of the parameter `keys`; ordered by id, so that lists are stable."""
    table = entity.table
    query = entity.select(sight, wanted).where(table.c[column] == one_of_ids("keys"))
    return compile_statement(query if column == "id" else query.order_by(table.c.id))


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


def _user_columns(user: FromClause, sight: Sight) -> list[ColumnElement[Any]]:
    shown = visibility.contacts(user, sight)

    def contact(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return column if sight.everything else case((shown, column), else_=sql_cast(null(), Text))

    return [
        *(user.c.id, user.c.name, user.c.language),
        contact(user.c.email).label("email"),
        contact(user.c.phone).label("phone"),
    ]


APPOINTMENT = Entity(
    _table(Appointment),
    AppointmentRow,
    _plain(
        *("id", "slot_id", "patient_id", "doctor_id", "clinic_id", "status", "reason", "notes"),
        *("cancel_reason", "cancelled_at", "booked_at", "pay_by", "reschedule_count", "is_first_visit", "version"),
    ),
)
APPOINTMENT_STEP = Entity(
    _table(AppointmentStep),
    StepRow,
    _plain("id", "appointment_id", "from_status", "to_status", "actor_id", "reason", "happened_at"),
)
CLINIC = Entity(
    _table(Clinic),
    ClinicRow,
    _plain(
        *("id", "name", "address", "city", "state", "postal_code", "country", "latitude", "longitude", "time_zone"),
        *("currency", "phone", "email", "is_active", "version"),
    ),
)
DOCTOR = Entity(
    _table(Doctor),
    DoctorRow,
    _plain(
        *("id", "user_id", "status", "specialty", "licence_number", "licence_expires_on", "qualifications"),
        *("years_of_experience", "languages", "consultation_fee_minor", "currency", "daily_patient_limit", "version"),
    ),
)
PATIENT = Entity(
    _table(Patient),
    PatientRow,
    _plain("id", "user_id", "status", "date_of_birth", "blood_group", "allergies", "emergency_contact", "version"),
)
PAYMENT = Entity(
    _table(Payment),
    PaymentRow,
    _plain(
        *("id", "appointment_id", "kind", "status", "amount_minor", "covered_minor", "captured_minor"),
        *("refunded_minor", "currency", "captured_at", "created_at"),
    ),
    always=frozenset({"id", "kind"}),
)
SLOT = Entity(_table(Slot), SlotRow, _slot_columns)
USER = Entity(_table(User), UserRow, _user_columns)
