"""What a token can allow, and which role may be given what: one table.

A scope is `resource:action`. A user's token carries what was asked, as far as the client is registered for it and
one of the user's roles has it here. Which rows a scope then reaches is a matter of `auth.visibility`.
"""

from collections.abc import Iterable
from enum import StrEnum

from models.enums import Role


class Scope(StrEnum):
    OPENID = "openid"
    PROFILE = "profile"
    EMAIL = "email"
    PROVIDER_READ = "provider:read"
    PROVIDER_WRITE = "provider:write"
    PROVIDER_REVIEW = "provider:review"
    CLINIC_READ = "clinic:read"
    CLINIC_WRITE = "clinic:write"
    SLOT_READ = "slot:read"
    SLOT_WRITE = "slot:write"
    APPOINTMENT_READ = "appointment:read"
    APPOINTMENT_WRITE = "appointment:write"
    APPOINTMENT_OVERRIDE = "appointment:override"
    PATIENT_READ = "patient:read"
    PATIENT_WRITE = "patient:write"
    PAYMENT_READ = "payment:read"
    PAYMENT_WRITE = "payment:write"
    PAYMENT_REFUND = "payment:refund"
    PAYOUT_READ = "payout:read"
    PAYOUT_WRITE = "payout:write"
    DASHBOARD_DOCTOR = "dashboard:doctor"
    DASHBOARD_CLINIC = "dashboard:clinic"
    DASHBOARD_ADMIN = "dashboard:admin"
    USER_READ = "user:read"
    USER_ADMIN = "user:admin"
    AUDIT_READ = "audit:read"
    REPORT_EXPORT = "report:export"


DESCRIPTIONS = {
    Scope.OPENID: "Know who you are",
    Scope.PROFILE: "See your name",
    Scope.EMAIL: "See your email address",
    Scope.PROVIDER_READ: "See doctors and their profiles",
    Scope.PROVIDER_WRITE: "Change doctors' profiles",
    Scope.PROVIDER_REVIEW: "Approve doctors and review their credentials",
    Scope.CLINIC_READ: "See clinics",
    Scope.CLINIC_WRITE: "Change clinics and their policies",
    Scope.SLOT_READ: "See times that can be booked",
    Scope.SLOT_WRITE: "Offer and remove times that can be booked",
    Scope.APPOINTMENT_READ: "See appointments",
    Scope.APPOINTMENT_WRITE: "Book, change and cancel appointments",
    Scope.APPOINTMENT_OVERRIDE: "Book against a clinic's policies, with a stated reason",
    Scope.PATIENT_READ: "See patients' records",
    Scope.PATIENT_WRITE: "Change patients' records",
    Scope.PAYMENT_READ: "See payments",
    Scope.PAYMENT_WRITE: "Start and take payments",
    Scope.PAYMENT_REFUND: "Refund payments",
    Scope.PAYOUT_READ: "See doctors' payouts",
    Scope.PAYOUT_WRITE: "Make doctors' payouts",
    Scope.DASHBOARD_DOCTOR: "See a doctor's dashboard",
    Scope.DASHBOARD_CLINIC: "See a clinic's dashboard",
    Scope.DASHBOARD_ADMIN: "See the dashboard over all clinics",
    Scope.USER_READ: "See the people who sign in",
    Scope.USER_ADMIN: "Invite and suspend people and change their roles",
    Scope.AUDIT_READ: "See who did and saw what",
    Scope.REPORT_EXPORT: "Export reports",
}

IDENTITY = frozenset({Scope.OPENID, Scope.PROFILE, Scope.EMAIL})
_PUBLIC = IDENTITY | {Scope.PROVIDER_READ, Scope.CLINIC_READ, Scope.SLOT_READ}
_BOOKING = {Scope.APPOINTMENT_READ, Scope.APPOINTMENT_WRITE, Scope.PATIENT_READ, Scope.PAYMENT_READ}
_STAFF = _PUBLIC | _BOOKING | {Scope.PATIENT_WRITE, Scope.PAYMENT_WRITE}

ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.PATIENT: _PUBLIC | _BOOKING | {Scope.PATIENT_WRITE, Scope.PAYMENT_WRITE},
    Role.DOCTOR: _PUBLIC
    | _BOOKING
    | {Scope.PROVIDER_WRITE, Scope.SLOT_WRITE, Scope.PAYOUT_READ, Scope.DASHBOARD_DOCTOR, Scope.REPORT_EXPORT},
    Role.STAFF: _STAFF,
    Role.MANAGER: _STAFF
    | {Scope.PROVIDER_WRITE, Scope.CLINIC_WRITE, Scope.SLOT_WRITE, Scope.PAYMENT_REFUND, Scope.PAYOUT_READ}
    | {Scope.DASHBOARD_DOCTOR, Scope.DASHBOARD_CLINIC, Scope.REPORT_EXPORT},
    Role.ADMIN: frozenset(Scope),
}


def known(scope: str | None) -> frozenset[Scope]:
    """The scopes that a space-separated list names. Raises ValueError for one that does not exist."""
    return frozenset(Scope(word) for word in (scope or "").split())


def of_roles(roles: Iterable[Role]) -> frozenset[Scope]:
    """What a user with these roles may be given; somebody without a role may say who she is."""
    return IDENTITY.union(*(ROLE_SCOPES[role] for role in roles))


def written(scopes: Iterable[str]) -> str:
    """Scopes as a token carries them: separated by spaces, in the order of `Scope`."""
    given = set(scopes)
    return " ".join(scope.value for scope in Scope if scope in given)
