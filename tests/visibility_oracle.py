"""Who may see which row, after domain.md §2, in plain Python over raw rows; knows nothing of `auth.visibility`.

For a world without dependants. A type that it does not know is an error: teach it when one is added.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg

from auth.viewer import Viewer
from models.enums import Role

Row: TypeAlias = "asyncpg.Record"
Sees: TypeAlias = Callable[[Viewer, Any], bool]

TABLES = (
    "appointments", "audit_records", "availability_exceptions", "availability_templates", "browser_sessions", "clinics",
    "credentials", "doctor_clinics", "doctors", "holds", "patients", "payments", "payouts", "slots", "staff", "users",
    "waitlist_entries", "waitlist_offers",
)  # fmt: skip
FREED = ("CANCELLED", "DECLINED")
SCOPES: dict[str, tuple[str, ...]] = {
    "Appointment": ("appointment:read",),
    "AuditRecord": ("audit:read",),
    "AvailabilityException": ("slot:write", "appointment:read"),
    "AvailabilityTemplate": ("slot:write", "appointment:read"),
    "BrowserSession": ("profile",),
    "Credential": ("provider:read",),
    "Hold": ("slot:read",),
    "Patient": ("patient:read",),
    "Payment": ("payment:read",),
    "Payout": ("payout:read",),
    "StaffMember": ("clinic:read",),
    "WaitlistEntry": ("appointment:read",),
    "WaitlistOffer": ("appointment:read",),
}
"""One of these must be in the token, for data that is not public."""


@dataclass
class Oracle:
    """The rows of a world at the instant `now`."""

    rows: dict[str, dict[int, Row]]
    places: list[Row]
    work: list[Row]
    now: datetime

    @classmethod
    async def of(cls, dsn: str, now: datetime) -> "Oracle":
        connection = await asyncpg.connect(dsn)
        tables = {name: await connection.fetch(f"SELECT * FROM {name}") for name in TABLES}
        await connection.close()
        work, places = tables["staff"], tables.pop("doctor_clinics")
        return cls({name: {row["id"]: row for row in rows} for name, rows in tables.items()}, places, work, now)

    def sees(self, viewer: Viewer, type_name: str, id: int) -> bool:
        """Whether the viewer may be shown this row. Raises KeyError for a type or row that nobody knows."""
        scopes = SCOPES.get(type_name)
        if scopes is not None and not viewer.scopes.intersection(scopes):
            return False
        rules: dict[str, tuple[str, Sees]] = {
            "Appointment": ("appointments", self.appointment),
            "AuditRecord": ("audit_records", lambda viewer, _: everything(viewer)),
            "AvailabilityException": ("availability_exceptions", self.schedule),
            "AvailabilityTemplate": ("availability_templates", self.schedule),
            "BrowserSession": ("browser_sessions", lambda viewer, row: row["user_id"] == viewer.user_id),
            "Clinic": ("clinics", self.clinic),
            "Credential": ("credentials", self.credential),
            "Doctor": ("doctors", self.doctor),
            "Hold": ("holds", self.hold),
            "Patient": ("patients", self.patient),
            "Payment": ("payments", self.payment),
            "Payout": ("payouts", self.payout),
            "Slot": ("slots", self.slot),
            "StaffMember": ("staff", self.staff),
            "User": ("users", self.user),
            "WaitlistEntry": ("waitlist_entries", self.entry),
            "WaitlistOffer": ("waitlist_offers", lambda viewer, row: self.entry(viewer, self._entry(row["entry_id"]))),
        }
        table, rule = rules[type_name]
        return rule(viewer, self.rows[table][id])

    def appointment(self, viewer: Viewer, row: Row) -> bool:
        return (
            everything(viewer)
            or own(viewer.patient_id, row["patient_id"])
            or own(viewer.doctor_id, row["doctor_id"])
            or row["clinic_id"] in viewer.clinic_ids
        )

    def patient(self, viewer: Viewer, row: Row) -> bool:
        hers = [each for each in self.rows["appointments"].values() if each["patient_id"] == row["id"]]
        return (
            everything(viewer)
            or own(viewer.patient_id, row["id"])
            or any(own(viewer.doctor_id, each["doctor_id"]) and each["status"] not in FREED for each in hers)
            or any(each["clinic_id"] in viewer.clinic_ids for each in hers)
        )

    def payment(self, viewer: Viewer, row: Row) -> bool:
        return self.appointment(viewer, self.rows["appointments"][row["appointment_id"]])

    def payout(self, viewer: Viewer, row: Row) -> bool:
        mine = own(viewer.doctor_id, row["doctor_id"])
        return everything(viewer) or mine or self._colleague(viewer, row["doctor_id"])

    def entry(self, viewer: Viewer, row: Row) -> bool:
        return self.patient(viewer, self.rows["patients"][row["patient_id"]])

    def hold(self, viewer: Viewer, row: Row) -> bool:
        return everything(viewer) or own(viewer.patient_id, row["patient_id"]) or own(viewer.user_id, row["held_by_id"])

    def schedule(self, viewer: Viewer, row: Row) -> bool:
        at_work = (
            row["clinic_id"] in viewer.clinic_ids if row["clinic_id"] else self._colleague(viewer, row["doctor_id"])
        )
        return everything(viewer) or own(viewer.doctor_id, row["doctor_id"]) or at_work

    def staff(self, viewer: Viewer, row: Row) -> bool:
        return everything(viewer) or own(viewer.user_id, row["user_id"]) or self._manages(viewer, row["clinic_id"])

    def credential(self, viewer: Viewer, row: Row) -> bool:
        places = [each for each in self.places if each["doctor_id"] == row["doctor_id"] and each["ended_at"] is None]
        hers = self.rows["doctors"][row["doctor_id"]]
        return (
            everything(viewer)
            or own(viewer.user_id, hers["user_id"])
            or any(self._manages(viewer, each["clinic_id"]) for each in places)
        )

    def doctor(self, viewer: Viewer, row: Row) -> bool:
        return (
            everything(viewer)
            or row["status"] == "APPROVED"
            or own(viewer.doctor_id, row["id"])
            or self._colleague(viewer, row["id"])
            or self._been(viewer, "doctor_id", row["id"])
        )

    def clinic(self, viewer: Viewer, row: Row) -> bool:
        return (
            everything(viewer)
            or row["is_active"]
            or row["id"] in viewer.clinic_ids
            or any(own(viewer.doctor_id, each["doctor_id"]) and each["clinic_id"] == row["id"] for each in self.places)
            or self._been(viewer, "clinic_id", row["id"])
        )

    def slot(self, viewer: Viewer, row: Row) -> bool:
        live = [each for each in self._of("holds", "slot_id", row["id"]) if self._lives(each)]
        taken = [each for each in self._of("appointments", "slot_id", row["id"]) if each["status"] not in FREED]
        is_free = row["is_active"] and row["starts_at"] > self.now and len(live) + len(taken) < row["capacity"]
        return (
            everything(viewer)
            or is_free
            or own(viewer.doctor_id, row["doctor_id"])
            or row["clinic_id"] in viewer.clinic_ids
            or self._been(viewer, "slot_id", row["id"])
            or any(self.hold(viewer, each) for each in live)
        )

    def user(self, viewer: Viewer, row: Row) -> bool:
        doctors = self._of("doctors", "user_id", row["id"])
        return self.contact(viewer, row) or any(self.doctor(viewer, each) for each in doctors)

    def contact(self, viewer: Viewer, row: Row) -> bool:
        """Whether the viewer may be shown a user's email and phone."""
        return (
            everything(viewer)
            or own(viewer.user_id, row["id"])
            or any(self.patient(viewer, each) for each in self._of("patients", "user_id", row["id"]))
            or any(self._colleague(viewer, each["id"]) for each in self._of("doctors", "user_id", row["id"]))
            or any(self._manages(viewer, each["clinic_id"]) for each in self.work if each["user_id"] == row["id"])
        )

    def account(self, viewer: Viewer, row: Row) -> bool:
        """Whether the viewer may be shown a user's state and roles."""
        return everything(viewer) or own(viewer.user_id, row["id"])

    def _manages(self, viewer: Viewer, clinic_id: int) -> bool:
        mine = [each for each in self.work if own(viewer.user_id, each["user_id"]) and each["role"] == "MANAGER"]
        return clinic_id in viewer.clinic_ids and any(each["clinic_id"] == clinic_id for each in mine)

    def _colleague(self, viewer: Viewer, doctor_id: int) -> bool:
        return any(each["doctor_id"] == doctor_id and each["clinic_id"] in viewer.clinic_ids for each in self.places)

    def _been(self, viewer: Viewer, column: str, id: int) -> bool:
        return any(own(viewer.patient_id, each["patient_id"]) for each in self._of("appointments", column, id))

    def _lives(self, hold: Row) -> bool:
        return hold["released_at"] is None and hold["expires_at"] > self.now

    def _of(self, table: str, column: str, id: int) -> list[Row]:
        return [row for row in self.rows[table].values() if row[column] == id]

    def _entry(self, id: int) -> Row:
        return self.rows["waitlist_entries"][id]


def everything(viewer: Viewer) -> bool:
    return Role.ADMIN in viewer.roles or viewer.is_service


def own(mine: int | None, theirs: int | None) -> bool:
    return mine is not None and mine == theirs
