"""A clinic's booking policy, applied: what it allows at a moment, what it costs, what a new booking starts as.

A notice is counted back from the slot's start, and exactly at notice is in time. Each function takes the version that
governs the matter: a new time is booked under the one in force, an appointment is cancelled and moved under its own.
The clinic's own people are not held by notices or limits; a caller asks here for what patients ask.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Self

from domain.refusal import Refusal
from domain.scheduling.lengths import in_words
from domain.scheduling.refusals import (
    InvalidTransition,
    RescheduleLimitReached,
    TooLateToBook,
    TooLateToCancel,
    TooLateToReschedule,
)
from domain.scheduling.rows import Row
from models.enums import AppointmentStatus, ConfirmationRule


@dataclass(frozen=True, slots=True)
class Policy:
    """The columns of `clinic_policies` that decide. Fees are in minor units of the clinic's currency."""

    confirmation: ConfirmationRule = ConfirmationRule.AUTOMATIC
    notice_to_book: timedelta = timedelta()
    notice_to_cancel: timedelta = timedelta()
    notice_to_reschedule: timedelta = timedelta()
    max_reschedules: int = 3
    late_fee_minor: int = 0
    no_show_fee_minor: int = 0
    payment_window: timedelta | None = None
    hold_time: timedelta = timedelta(minutes=5)
    offer_time: timedelta = timedelta(hours=2)

    @classmethod
    def of(cls, row: Row) -> Self:
        """A row of `clinic_policies`."""
        values = {field.name: row[field.name] for field in fields(cls)}
        return cls(**{**values, "confirmation": ConfirmationRule(row["confirmation"])})


@dataclass(frozen=True, slots=True)
class Fee:
    """Minor units of a currency (ISO 4217)."""

    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What cancelling costs a patient now. `free_until` is the last moment at which it costs nothing; a refusal means
    that it cannot be had at any price."""

    fee: Fee | None
    free_until: datetime | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a booking starts as; `pay_by` is set if it waits for its payment, and then it lapses at that moment."""

    status: AppointmentStatus
    pay_by: datetime | None = None


def may_book(policy: Policy, *, start: datetime, now: datetime) -> Refusal | None:
    """Whether a slot may be booked, or an appointment moved to it. Whether it has begun (SLOT_IN_PAST) is not asked."""
    if _is_in_time(policy.notice_to_book, start, now):
        return None
    return TooLateToBook(f"the clinic asks for {in_words(policy.notice_to_book)} of notice to book")


def may_cancel(policy: Policy, status: AppointmentStatus, *, start: datetime, now: datetime) -> Refusal | None:
    """Whether a patient may cancel: in time always. Late, before the start, at the price of the late fee; where the
    clinic has none, not at all. A booking that was never confirmed may be taken back until the start."""
    if status not in (AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED):
        return InvalidTransition(f"this step cannot follow: the appointment is {status}")
    if now >= start:
        return TooLateToCancel("the visit has already begun")
    if _is_late_to_cancel(policy, status, start, now) and policy.late_fee_minor == 0:
        return TooLateToCancel(f"the clinic asks for {in_words(policy.notice_to_cancel)} of notice to cancel; call it")
    return None


def may_reschedule(policy: Policy, *, start: datetime, now: datetime, times: int) -> Refusal | None:
    """Whether a patient may give up the slot at `start` for another one, after having done so `times` times."""
    if now >= start or not _is_in_time(policy.notice_to_reschedule, start, now):
        return TooLateToReschedule()
    return RescheduleLimitReached() if times >= policy.max_reschedules else None


def cancellation_quote(
    policy: Policy, status: AppointmentStatus, *, start: datetime, now: datetime, currency: str
) -> Quote:
    """What it costs a patient to cancel now: with `may_cancel`, the whole truth beforehand."""
    refusal = may_cancel(policy, status, start=start, now=now)
    late = _is_late_to_cancel(policy, status, start, now)
    return Quote(
        fee=Fee(policy.late_fee_minor, currency) if late and refusal is None else None,
        free_until=_free_until(policy, status, start),
        refusal=refusal,
    )


def no_show_fee(policy: Policy, *, currency: str) -> Fee | None:
    return Fee(policy.no_show_fee_minor, currency) if policy.no_show_fee_minor else None


def beginning(policy: Policy, *, start: datetime, now: datetime, price_minor: int, by_clinic: bool) -> Beginning:
    """What a new booking starts as. Where staff confirm, one that the clinic's own people make is confirmed by that;
    where payment does, everybody pays first, unless there is nothing to pay."""
    if policy.confirmation is ConfirmationRule.PAYMENT and price_minor > 0:
        assert policy.payment_window is not None
        return Beginning(AppointmentStatus.PENDING, _within(policy.payment_window, start, now))
    if policy.confirmation is ConfirmationRule.STAFF and not by_clinic:
        return Beginning(AppointmentStatus.PENDING)
    return Beginning(AppointmentStatus.CONFIRMED)


def moved(
    policy: Policy, status: AppointmentStatus, pay_by: datetime | None, *, start: datetime, by_clinic: bool
) -> Beginning:
    """What an appointment is after it was moved to `start`: where staff confirm bookings, they confirm a patient's new
    time too. A payment that was made counts on; one that was not gets no more time, and less if the visit is sooner."""
    if pay_by is not None and status is AppointmentStatus.PENDING:
        return Beginning(status, min(pay_by, start))
    if policy.confirmation is ConfirmationRule.STAFF and not by_clinic:
        return Beginning(AppointmentStatus.PENDING)
    return Beginning(status)


def hold_until(policy: Policy, *, start: datetime, now: datetime) -> datetime:
    """Until when a hold made or renewed at `now` keeps its seat: never past the start."""
    return _within(policy.hold_time, start, now)


def offer_until(policy: Policy, *, start: datetime, now: datetime) -> datetime:
    """Until when a waiting patient may take a freed seat: a fair share of what is left, so that the next may have it.

    At most half of the time until it could last be booked.
    """
    left = max(start - now - policy.notice_to_book, timedelta())
    return now + min(policy.offer_time, left / 2)


def _is_in_time(notice: timedelta, start: datetime, now: datetime) -> bool:
    return start - now >= notice


def _is_late_to_cancel(policy: Policy, status: AppointmentStatus, start: datetime, now: datetime) -> bool:
    return status is not AppointmentStatus.PENDING and not _is_in_time(policy.notice_to_cancel, start, now)


def _free_until(policy: Policy, status: AppointmentStatus, start: datetime) -> datetime:
    return start if status is AppointmentStatus.PENDING else start - policy.notice_to_cancel


def _within(length: timedelta, start: datetime, now: datetime) -> datetime:
    return now + min(length, start - now)
