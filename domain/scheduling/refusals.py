"""What scheduling refuses."""

from domain.refusal import ErrorCode, Refusal


class SlotUnavailable(Refusal):
    code = ErrorCode.SLOT_UNAVAILABLE
    message = "this slot has no free seat any more"


class SlotInPast(Refusal):
    code = ErrorCode.SLOT_IN_PAST
    message = "this slot has already begun"


class SlotOverlap(Refusal):
    code = ErrorCode.SLOT_OVERLAP
    message = "the doctor already has a slot at this time"


class HoldExpired(Refusal):
    code = ErrorCode.HOLD_EXPIRED
    message = "this hold is over; hold the slot again"


class OfferExpired(Refusal):
    code = ErrorCode.OFFER_EXPIRED
    message = "this offer is over; the next in line has it"


class DuplicateBooking(Refusal):
    code = ErrorCode.DUPLICATE_BOOKING
    message = "the patient already has a seat in this slot"


class PatientOverlap(Refusal):
    code = ErrorCode.PATIENT_OVERLAP
    message = "the patient has another appointment at this time"


class DailyLimitReached(Refusal):
    code = ErrorCode.DAILY_LIMIT_REACHED
    message = "the doctor sees no more patients on this day"


class InvalidTransition(Refusal):
    code = ErrorCode.INVALID_TRANSITION
    message = "this step cannot follow"


class TooLateToBook(Refusal):
    code = ErrorCode.TOO_LATE_TO_BOOK
    message = "the clinic asks for earlier notice to book"


class TooLateToCancel(Refusal):
    code = ErrorCode.TOO_LATE_TO_CANCEL
    message = "it is too late to cancel"


class TooLateToReschedule(Refusal):
    code = ErrorCode.TOO_LATE_TO_RESCHEDULE
    message = "the clinic asks for earlier notice to reschedule"


class RescheduleLimitReached(Refusal):
    code = ErrorCode.RESCHEDULE_LIMIT_REACHED
    message = "this appointment was moved as often as the clinic allows"
