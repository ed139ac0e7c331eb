"""The tables. One module per family; all constraints are named, because errors are told apart by these names."""

from models import triggers
from models.appointments import (
    Appointment,
    AppointmentStep,
    WaitlistEntry,
    WaitlistOffer,
)
from models.base import Base
from models.clinics import Clinic, ClinicClosure, ClinicPolicy, Staff
from models.doctors import AvailabilityException, AvailabilityTemplate, Doctor, DoctorClinic
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
from models.payments import LedgerEntry, LedgerTransaction, Payment, PaymentEvent, Payout
from models.records import AuditRecord, IdempotencyKey, ImportedRecord, OutboxEvent
from models.rollups import DailyLeadTime, DailyRevenue, DailySeats, DailyStatus
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
    "DailyLeadTime",
    "DailyRevenue",
    "DailySeats",
    "DailyStatus",
    "Doctor",
    "DoctorClinic",
    "DoctorDay",
    "Hold",
    "IdempotencyKey",
    "ImportedRecord",
    "LedgerEntry",
    "LedgerTransaction",
    "OAuthClient",
    "OneTimeLink",
    "OutboxEvent",
    "Patient",
    "Payment",
    "PaymentEvent",
    "Payout",
    "RecoveryCode",
    "RefreshToken",
    "RevokedToken",
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
    "triggers",
]
