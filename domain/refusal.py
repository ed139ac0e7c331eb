"""How a rule says no: a class with a code. The answer carries it in `userErrors`; nothing was changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar


class ErrorCode(StrEnum):
    VALIDATION_ERROR = "VALIDATION_ERROR"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    SLOT_UNAVAILABLE = "SLOT_UNAVAILABLE"
    SLOT_IN_PAST = "SLOT_IN_PAST"
    SLOT_OVERLAP = "SLOT_OVERLAP"
    HOLD_EXPIRED = "HOLD_EXPIRED"
    OFFER_EXPIRED = "OFFER_EXPIRED"
    DUPLICATE_BOOKING = "DUPLICATE_BOOKING"
    PATIENT_OVERLAP = "PATIENT_OVERLAP"
    DAILY_LIMIT_REACHED = "DAILY_LIMIT_REACHED"
    INVALID_TRANSITION = "INVALID_TRANSITION"
    TOO_LATE_TO_BOOK = "TOO_LATE_TO_BOOK"
    TOO_LATE_TO_CANCEL = "TOO_LATE_TO_CANCEL"
    TOO_LATE_TO_RESCHEDULE = "TOO_LATE_TO_RESCHEDULE"
    RESCHEDULE_LIMIT_REACHED = "RESCHEDULE_LIMIT_REACHED"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    EMAIL_ALREADY_REGISTERED = "EMAIL_ALREADY_REGISTERED"
    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    REFUND_EXCEEDS_PAYMENT = "REFUND_EXCEEDS_PAYMENT"
    GATEWAY_UNAVAILABLE = "GATEWAY_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `field` is the input's field, in GraphQL's spelling; `slot_id` the slot it is about."""

    code: ErrorCode
    message: str
    field: str | None = None
    slot_id: int | None = None


class Refusal(Exception):
    """A rule says no. The transaction is rolled back, and the answer says why.

    A `passing` refusal may be over the next moment, so its answer is not kept for the idempotency key.
    """

    code: ClassVar[ErrorCode]
    message: ClassVar[str]
    passing: ClassVar[bool] = False

    beside: Mapping[str, object] = MappingProxyType({})
    """What the answer says besides, such as the id of the record as it is now."""

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        slot_id: int | None = None,
        beside: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message or self.message)
        self.field = field
        self.slot_id = slot_id
        if beside is not None:
            self.beside = beside

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (Problem(self.code, str(self), self.field, self.slot_id),)


class Invalid(Refusal):
    """Input that cannot be: what is wrong with each field."""

    code = ErrorCode.VALIDATION_ERROR
    message = "this cannot be"

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__("; ".join(wrong.values()))
        self.wrong = wrong

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(Problem(self.code, message, field) for field, message in self.wrong.items())


class NotFound(Refusal):
    """There is no such thing, or it is not there for this viewer: the answer is the same."""

    code = ErrorCode.NOT_FOUND
    message = "there is no such thing"


class Conflict(Refusal):
    """Somebody else was there first."""

    code = ErrorCode.CONFLICT
    message = "somebody else has changed this meanwhile; look at it again"


class IdempotencyConflict(Refusal):
    code = ErrorCode.IDEMPOTENCY_CONFLICT
    message = "this idempotency key was used with another input"
    passing = True


class Forbidden(Exception):
    """A request that may not be made at all: a top-level error, not a part of the answer."""

    @property
    def extensions(self) -> dict[str, object]:
        """What programs are told: a code, and what they need to do better."""
        return {"code": "FORBIDDEN"}
