"""The domain's closed sets, with words for each value."""

from enum import StrEnum

import strawberry

from domain.refusal import ErrorCode
from domain.scheduling.existing_slots import SkipReason
from domain.scheduling.why_not import WhyNotRule
from models.enums import (
    AppointmentStatus,
    AvailabilityExceptionKind,
    BloodGroup,
    ConfirmationRule,
    CredentialKind,
    CredentialStatus,
    DoctorStatus,
    NotificationChannel,
    OfferStatus,
    PatientStatus,
    PaymentKind,
    PaymentStatus,
    PayoutStatus,
    Role,
    UserStatus,
    WaitlistStatus,
)


def show(enum: type[StrEnum], description: str, **values: str) -> None:
    """Makes an enum part of the schema. Every value is described, or this raises KeyError."""
    strawberry.enum(enum, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values.pop(value.name)
    assert not values, f"{enum.__name__} has no {', '.join(values)}"


show(
    AppointmentStatus,
    "Where an appointment stands. CANCELLED and DECLINED free the seat, all others keep it.",
    PENDING="Asked for; waits to be confirmed by staff or by payment.",
    CONFIRMED="Will take place.",
    CHECKED_IN="The patient has arrived.",
    IN_PROGRESS="The visit is going on.",
    COMPLETED="The visit has taken place.",
    CANCELLED="Called off by the patient or the clinic.",
    NO_SHOW="The patient did not come.",
    DECLINED="Not accepted by the clinic.",
)
show(
    BloodGroup,
    "ABO and Rh.",
    **{
        group.name: group.name.replace("_POSITIVE", " Rh positive.").replace("_NEGATIVE", " Rh negative.")
        for group in BloodGroup
    },
)
show(
    ConfirmationRule,
    "What confirms a booking at a clinic.",
    AUTOMATIC="Nothing more is needed.",
    STAFF="Its staff; what they book themselves is confirmed by that.",
    PAYMENT="The payment.",
)
show(
    CredentialKind,
    "What a doctor has to show.",
    LICENCE="The licence to practise. When it expires, she offers no more slots.",
    BOARD_CERTIFICATION="A board's certificate of a specialty.",
    INSURANCE="Professional indemnity insurance.",
    DEGREE="An academic degree.",
    OTHER="Something else.",
)
show(
    CredentialStatus,
    "Where a credential stands.",
    SUBMITTED="Waits for review.",
    APPROVED="Was reviewed and counts.",
    REJECTED="Was reviewed and does not count.",
    EXPIRED="Was approved, and its time is over.",
)
show(
    NotificationChannel,
    "How somebody wants to be told.",
    EMAIL="By mail.",
    SMS="By text message.",
    PUSH="On her telephone.",
)
show(
    DoctorStatus,
    "How a doctor stands with the platform.",
    APPLIED="Has applied and waits for review.",
    APPROVED="May offer slots.",
    REJECTED="Was not accepted.",
    INACTIVE="No longer offers slots.",
)
show(
    PatientStatus,
    "How a patient stands with the clinics.",
    ACTIVE="In care.",
    VIP="In care, and to be given special attention.",
    INACTIVE="No longer in care.",
)
show(
    PaymentKind,
    "What money is asked for.",
    VISIT="The visit itself.",
    LATE_FEE="Cancelling or moving the visit too late.",
    NO_SHOW_FEE="Not coming.",
)
show(
    PaymentStatus,
    "What the gateway's events add up to.",
    PENDING="Asked for, not yet paid.",
    AUTHORIZED="Reserved on the patient's account, not yet taken.",
    CAPTURED="Taken.",
    PARTIALLY_REFUNDED="Taken, and a part given back.",
    REFUNDED="Taken, and all given back.",
    FAILED="Refused by the gateway or the patient's bank.",
    VOIDED="The reservation was let go.",
)
show(
    PayoutStatus,
    "Where a payout stands.",
    DRAFT="Not decided yet.",
    GENERATED="Written in the books, and to be paid.",
    PAID="Paid.",
)
show(
    Role,
    "What a user is here. A role says which scopes she may be given; which rows they reach depends on who she is.",
    PATIENT="Books and sees her own.",
    DOCTOR="Has an agenda, and sees her patients.",
    STAFF="Works at the front desk of clinics.",
    MANAGER="Runs clinics.",
    ADMIN="Sees and may do everything.",
)
show(
    UserStatus,
    "Whether a user may sign in.",
    INVITED="Not yet: she was invited, or has registered and not yet verified her address.",
    ACTIVE="Yes.",
    SUSPENDED="No longer; her tokens have stopped.",
)
show(
    ErrorCode,
    "What a rule refuses.",
    VALIDATION_ERROR="A field of the input cannot be what it is.",
    NOT_FOUND="There is no such thing, or it is not yours to see.",
    CONFLICT="Somebody else has changed it meanwhile, or it stands in the way of something else.",
    SLOT_UNAVAILABLE="The slot has no free seat, or is not offered any more; see `alternatives`.",
    SLOT_IN_PAST="The slot has already begun.",
    SLOT_OVERLAP="The doctor has another slot at this time; see `slot`.",
    HOLD_EXPIRED="The hold is over: run out, booked or let go.",
    OFFER_EXPIRED="The waitlist's offer is over.",
    DUPLICATE_BOOKING="The patient already has a seat in this slot.",
    PATIENT_OVERLAP="The patient has another appointment at this time.",
    DAILY_LIMIT_REACHED="The doctor sees no more patients on this day.",
    INVALID_TRANSITION="This step cannot follow from where the appointment stands, or not now.",
    TOO_LATE_TO_BOOK="The clinic asks for earlier notice to book.",
    TOO_LATE_TO_CANCEL="It is too late to cancel.",
    TOO_LATE_TO_RESCHEDULE="The clinic asks for earlier notice to reschedule.",
    RESCHEDULE_LIMIT_REACHED="It was moved as often as the clinic allows.",
    IDEMPOTENCY_CONFLICT="The idempotency key was used with another input.",
    EMAIL_ALREADY_REGISTERED="Somebody is registered with this email address; said only to staff.",
    PAYMENT_DECLINED="The gateway or the patient's bank declined.",
    REFUND_EXCEEDS_PAYMENT="More than what is left of the payment.",
    GATEWAY_UNAVAILABLE="The payment gateway cannot be reached; try again later, with the same key.",
)
show(
    WaitlistStatus,
    "How an entry of the waitlist stands.",
    WAITING="Waits.",
    OFFERED="Has been offered a seat, and has not answered yet.",
    BOOKED="Took an offered seat.",
    LEFT="Waits no longer.",
    EXPIRED="All its times have passed.",
)
show(
    OfferStatus,
    "How an offer stands.",
    OPEN="The seat is held for her.",
    ACCEPTED="Booked.",
    DECLINED="Left to the next in line.",
    EXPIRED="Not answered in time.",
)
show(
    AvailabilityExceptionKind,
    "How a day differs from a doctor's weekly hours.",
    LEAVE="She is away.",
    HOLIDAY="It is a holiday.",
    EXTRA_HOURS="She works more than usual.",
)
show(
    SkipReason,
    "What stands in the way of a planned slot.",
    CLOCK_CHANGE="The clock changes, and the slot would end after work.",
    TAKEN="Another of her slots is there: booked, made by hand, deactivated, or at another clinic.",
    OVERLAP="Another planned slot has this time.",
)
show(
    WhyNotRule,
    "What keeps a time from being booked.",
    NOT_AFFILIATED="The doctor does not work at this clinic.",
    DOCTOR_NOT_APPROVED="The doctor may not offer slots.",
    LICENCE_EXPIRED="Her licence is over by then.",
    CLINIC_INACTIVE="The clinic no longer takes patients.",
    CLINIC_CLOSED="It is a closing day of the clinic.",
    LEAVE="She is on leave.",
    HOLIDAY="It is a holiday of hers.",
    OUTSIDE_HOURS="No weekly or extra hours of hers are then.",
    OFF_BEAT="It is within her hours, but slots begin at other times.",
    CLOCK_CHANGE="The clock changes, and the slot would end after work.",
    OVERLAPS_PLANNED="Another of the slots that her hours give has this time.",
    NOT_GENERATED="Her hours give a slot then, but it was not made: see `generateSlots`.",
    SLOT_INACTIVE="The slot was deactivated.",
    OVERLAPS_SLOT="Another slot of hers has this time, buffers included.",
    SLOT_IN_PAST="The time is over.",
    TOO_LATE_TO_BOOK="The clinic asks patients for earlier notice. Its own people may still book.",
    TAKEN="All seats are booked.",
    HELD="The last seats are held, by somebody who is booking or for somebody who waits.",
    AWAITS_PAYMENT="The last seats are booked, and free again unless they are paid in time.",
    DAILY_LIMIT_REACHED="She sees no more patients on this day. An override does not ask.",
)
