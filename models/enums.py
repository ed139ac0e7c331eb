"""The closed sets of the domain. The database checks them, the schema shows them."""

from enum import StrEnum


class Role(StrEnum):
    PATIENT = "PATIENT"
    DOCTOR = "DOCTOR"
    STAFF = "STAFF"
    MANAGER = "MANAGER"
    ADMIN = "ADMIN"


class UserStatus(StrEnum):
    INVITED = "INVITED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"


class DoctorStatus(StrEnum):
    APPLIED = "APPLIED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    INACTIVE = "INACTIVE"


class CredentialKind(StrEnum):
    LICENCE = "LICENCE"
    BOARD_CERTIFICATION = "BOARD_CERTIFICATION"
    INSURANCE = "INSURANCE"
    DEGREE = "DEGREE"
    OTHER = "OTHER"


class CredentialStatus(StrEnum):
    """EXPIRED is never stored: an approved credential is expired from the day on that it names."""

    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class NotificationChannel(StrEnum):
    EMAIL = "EMAIL"
    SMS = "SMS"
    PUSH = "PUSH"


class PatientStatus(StrEnum):
    ACTIVE = "ACTIVE"
    VIP = "VIP"
    INACTIVE = "INACTIVE"


class BloodGroup(StrEnum):
    A_POSITIVE = "A_POSITIVE"
    A_NEGATIVE = "A_NEGATIVE"
    B_POSITIVE = "B_POSITIVE"
    B_NEGATIVE = "B_NEGATIVE"
    AB_POSITIVE = "AB_POSITIVE"
    AB_NEGATIVE = "AB_NEGATIVE"
    O_POSITIVE = "O_POSITIVE"
    O_NEGATIVE = "O_NEGATIVE"


class AvailabilityExceptionKind(StrEnum):
    LEAVE = "LEAVE"
    HOLIDAY = "HOLIDAY"
    EXTRA_HOURS = "EXTRA_HOURS"


class ConfirmationRule(StrEnum):
    """What confirms a booking at a clinic."""

    AUTOMATIC = "AUTOMATIC"
    STAFF = "STAFF"
    PAYMENT = "PAYMENT"


class AppointmentStatus(StrEnum):
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    CHECKED_IN = "CHECKED_IN"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    NO_SHOW = "NO_SHOW"
    DECLINED = "DECLINED"


FREES_SEAT = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.DECLINED})
"""What gives the seat back; all other states keep it."""


class WaitlistStatus(StrEnum):
    WAITING = "WAITING"
    OFFERED = "OFFERED"
    BOOKED = "BOOKED"
    LEFT = "LEFT"
    EXPIRED = "EXPIRED"


class OfferStatus(StrEnum):
    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"


class PaymentKind(StrEnum):
    VISIT = "VISIT"
    LATE_FEE = "LATE_FEE"
    NO_SHOW_FEE = "NO_SHOW_FEE"


class PaymentStatus(StrEnum):
    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"
    VOIDED = "VOIDED"


class PaymentEventKind(StrEnum):
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"
    VOIDED = "VOIDED"
    OTHER = "OTHER"


class GatewayRequestKind(StrEnum):
    CREATE_SESSION = "CREATE_SESSION"
    EXPIRE_SESSION = "EXPIRE_SESSION"
    CAPTURE = "CAPTURE"
    VOID = "VOID"
    REFUND = "REFUND"


class GatewayRequestStatus(StrEnum):
    """OPEN: whether it was done is not known. DECLINED is a gateway's or bank's no, REFUSED: it could not be."""

    OPEN = "OPEN"
    DONE = "DONE"
    DECLINED = "DECLINED"
    REFUSED = "REFUSED"


class LedgerAccount(StrEnum):
    PATIENT_RECEIVABLE = "PATIENT_RECEIVABLE"
    GATEWAY_CLEARING = "GATEWAY_CLEARING"
    DOCTOR_PAYABLE = "DOCTOR_PAYABLE"
    PLATFORM_FEE = "PLATFORM_FEE"
    REFUNDS = "REFUNDS"


class PayoutStatus(StrEnum):
    DRAFT = "DRAFT"
    GENERATED = "GENERATED"
    PAID = "PAID"
