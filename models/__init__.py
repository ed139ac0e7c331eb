"""The tables. One module per family; all constraints are named, because errors are told apart by these names."""

from models import affiliation_triggers, rollup_triggers, triggers
from models.appointments import (
    Appointment,
    AppointmentStep,
    WaitlistEntry,
    WaitlistOffer,
)
from models.base import Base
from models.clinics import Clinic, ClinicClosure, ClinicPolicy, Staff
from models.doctors import AvailabilityException, AvailabilityTemplate, Credential, Doctor, DoctorClinic
from models.mails import MailKind, OutgoingMail
from models.oauth import (
    AuthorizationCode,
    BrowserSession,
    Consent,
    OAuthClient,
    OneTimeLink,
    RecoveryCode,
    RefreshToken,
    RevokedToken,
    SignInAttempt,
    SigningKey,
    TokenFamily,
    TotpCredential,
)
from models.patients import Patient
from models.payments import (
    GatewayRequest,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    PaymentEvent,
    PaymentSession,
    Payout,
)
from models.records import AuditRecord, IdempotencyKey, ImportedRecord, OutboxEvent
from models.rollups import (
    RollUpChange,
    RollUpCount,
    RollUpHour,
    RollUpLeadTime,
    RollUpRevenue,
    RollUpSpecialtyBookings,
    RollUpSpecialtyRevenue,
    RollUpTopBookings,
    RollUpTopRevenue,
)
from models.sandbox import SandboxEvent, SandboxPayment
from models.slots import DoctorDay, Hold, Slot
from models.users import User, UserRole

__all__ = [
    "Appointment",
    "AppointmentStep",
    "AuditRecord",
    "AuthorizationCode",
    "AvailabilityException",
    "AvailabilityTemplate",
    "Base",
    "BrowserSession",
    "Clinic",
    "ClinicClosure",
    "ClinicPolicy",
    "Consent",
    "Credential",
    "Doctor",
    "DoctorClinic",
    "DoctorDay",
    "GatewayRequest",
    "Hold",
    "IdempotencyKey",
    "ImportedRecord",
    "LedgerEntry",
    "LedgerTransaction",
    "MailKind",
    "OAuthClient",
    "OneTimeLink",
    "OutboxEvent",
    "OutgoingMail",
    "Patient",
    "Payment",
    "PaymentEvent",
    "PaymentSession",
    "Payout",
    "RecoveryCode",
    "RefreshToken",
    "RevokedToken",
    "RollUpChange",
    "RollUpCount",
    "RollUpHour",
    "RollUpLeadTime",
    "RollUpRevenue",
    "RollUpSpecialtyBookings",
    "RollUpSpecialtyRevenue",
    "RollUpTopBookings",
    "RollUpTopRevenue",
    "SandboxEvent",
    "SandboxPayment",
    "SignInAttempt",
    "SigningKey",
    "Slot",
    "Staff",
    "TokenFamily",
    "TotpCredential",
    "User",
    "UserRole",
    "WaitlistEntry",
    "WaitlistOffer",
    "affiliation_triggers",
    "rollup_triggers",
    "triggers",
]
