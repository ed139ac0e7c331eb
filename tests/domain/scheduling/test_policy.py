"""A clinic's policy at its edges: exactly at notice, a moment later, and what it costs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.refusal import ErrorCode, Refusal
from domain.scheduling.lengths import in_words
from domain.scheduling.policy import (
    Beginning,
    Fee,
    Policy,
    beginning,
    cancellation_quote,
    hold_until,
    may_book,
    may_cancel,
    may_reschedule,
    moved,
    no_show_fee,
    offer_until,
)
from models import ClinicPolicy
from models.enums import AppointmentStatus as Status
from models.enums import ConfirmationRule

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

notices = st.timedeltas(timedelta(), timedelta(days=366))
ahead = st.timedeltas(TICK, timedelta(days=400))
fees = st.integers(1, 10**9)


def code(refusal: Refusal | None) -> ErrorCode | None:
    return refusal.code if refusal is not None else None


@given(notices)
def test_exactly_at_notice_is_in_time_and_a_moment_later_is_not(notice: timedelta) -> None:
    policy = Policy(notice_to_book=notice, notice_to_reschedule=notice + TICK)
    at = START - notice
    assert may_book(policy, start=START, now=at) is None
    assert code(may_book(policy, start=START, now=at + TICK)) is ErrorCode.TOO_LATE_TO_BOOK
    assert may_reschedule(policy, start=START, now=at - TICK, times=0) is None
    assert code(may_reschedule(policy, start=START, now=at, times=0)) is ErrorCode.TOO_LATE_TO_RESCHEDULE


@given(notices.map(lambda notice: notice + 2 * TICK), fees)
def test_a_late_cancellation_costs_the_late_fee_or_is_refused_where_there_is_none(notice: timedelta, fee: int) -> None:
    strict, priced = Policy(notice_to_cancel=notice), Policy(notice_to_cancel=notice, late_fee_minor=fee)
    at = START - notice
    for policy in (strict, priced):
        quote = cancellation_quote(policy, Status.CONFIRMED, start=START, now=at, currency="EUR")
        assert (quote.fee, quote.free_until, quote.refusal) == (None, at, None)
        assert may_cancel(policy, Status.CONFIRMED, start=START, now=at) is None
    quote = cancellation_quote(priced, Status.CONFIRMED, start=START, now=START - TICK, currency="EUR")
    assert (quote.fee, quote.free_until, quote.refusal) == (Fee(fee, "EUR"), at, None)
    quote = cancellation_quote(strict, Status.CONFIRMED, start=START, now=START - TICK, currency="EUR")
    assert (quote.fee, code(quote.refusal)) == (None, ErrorCode.TOO_LATE_TO_CANCEL)


@given(notices, st.integers(0, 10**9), ahead)
def test_who_was_never_confirmed_may_go_free(notice: timedelta, fee: int, before: timedelta) -> None:
    policy = Policy(notice_to_cancel=notice, late_fee_minor=fee)
    quote = cancellation_quote(policy, Status.PENDING, start=START, now=START - before, currency="EUR")
    assert (quote.fee, quote.free_until, quote.refusal) == (None, START, None)


@pytest.mark.parametrize("status", [Status.PENDING, Status.CONFIRMED])
@pytest.mark.parametrize("fee", [0, 500])
def test_after_the_start_nobody_cancels_at_any_price(status: Status, fee: int) -> None:
    policy = Policy(notice_to_cancel=HOUR, late_fee_minor=fee)
    quote = cancellation_quote(policy, status, start=START, now=START, currency="EUR")
    assert (quote.fee, code(quote.refusal)) == (None, ErrorCode.TOO_LATE_TO_CANCEL)
    assert code(may_reschedule(policy, start=START, now=START, times=0)) is ErrorCode.TOO_LATE_TO_RESCHEDULE


@given(st.integers(0, 9), st.integers(0, 9))
def test_an_appointment_is_moved_as_often_as_the_policy_says(most: int, times: int) -> None:
    refusal = may_reschedule(Policy(max_reschedules=most), start=START, now=START - DAY, times=times)
    assert code(refusal) is (None if times < most else ErrorCode.RESCHEDULE_LIMIT_REACHED)


@given(st.sampled_from(ConfirmationRule), notices.map(lambda each: each + TICK), ahead, st.booleans(), st.booleans())
def test_what_a_booking_starts_as(
    rule: ConfirmationRule, window: timedelta, before: timedelta, by_clinic: bool, costs: bool
) -> None:
    policy = Policy(confirmation=rule, payment_window=window if rule is ConfirmationRule.PAYMENT else None)
    now = START - before
    found = beginning(policy, start=START, now=now, price_minor=4000 * costs, by_clinic=by_clinic)
    if rule is ConfirmationRule.PAYMENT and costs:
        assert found == Beginning(Status.PENDING, min(now + window, START))
        assert found.pay_by is not None
        assert now < found.pay_by <= START
    elif rule is ConfirmationRule.STAFF and not by_clinic:
        assert found == Beginning(Status.PENDING)
    else:
        assert found == Beginning(Status.CONFIRMED)


@pytest.mark.parametrize(
    ("rule", "status", "pay_by", "by_clinic", "expected"),
    [
        (ConfirmationRule.AUTOMATIC, Status.CONFIRMED, None, False, Beginning(Status.CONFIRMED)),
        (ConfirmationRule.STAFF, Status.CONFIRMED, None, False, Beginning(Status.PENDING)),
        (ConfirmationRule.STAFF, Status.CONFIRMED, None, True, Beginning(Status.CONFIRMED)),
        (ConfirmationRule.STAFF, Status.PENDING, None, True, Beginning(Status.PENDING)),
        (ConfirmationRule.PAYMENT, Status.CONFIRMED, START - DAY, False, Beginning(Status.CONFIRMED)),
        (ConfirmationRule.PAYMENT, Status.PENDING, START - DAY, False, Beginning(Status.PENDING, START - DAY)),
        (ConfirmationRule.PAYMENT, Status.PENDING, START + DAY, True, Beginning(Status.PENDING, START)),
    ],
)
def test_what_a_moved_appointment_is(
    rule: ConfirmationRule, status: Status, pay_by: datetime | None, by_clinic: bool, expected: Beginning
) -> None:
    window = HOUR if rule is ConfirmationRule.PAYMENT else None
    policy = Policy(confirmation=rule, payment_window=window)
    assert moved(policy, status, pay_by, start=START, by_clinic=by_clinic) == expected


@given(ahead, notices)
def test_holds_and_offers_end_before_the_seat_is_lost(before: timedelta, notice: timedelta) -> None:
    now = START - before
    policy = Policy(notice_to_book=notice)
    assert now < hold_until(policy, start=START, now=now) <= min(now + policy.hold_time, START)
    until = offer_until(policy, start=START, now=now)
    assert now <= until <= now + policy.offer_time
    assert may_book(policy, start=START, now=until) is None or until == now


def test_fees_and_their_currency() -> None:
    assert no_show_fee(Policy(), currency="EUR") is None
    assert no_show_fee(Policy(no_show_fee_minor=2500), currency="JPY") == Fee(2500, "JPY")


def test_a_policy_is_its_row() -> None:
    columns = {column.name for column in ClinicPolicy.__table__.columns}
    assert set(Policy.__dataclass_fields__) <= columns
    row = dict.fromkeys(columns) | {"confirmation": "PAYMENT", "payment_window": HOUR, "late_fee_minor": 7}
    policy = Policy.of(row)
    assert policy.confirmation is ConfirmationRule.PAYMENT
    assert (policy.payment_window, policy.late_fee_minor) == (HOUR, 7)


def test_a_refusal_says_how_much_notice() -> None:
    assert "1 day of notice" in str(may_book(Policy(notice_to_book=DAY), start=START, now=START))
    late = may_cancel(Policy(notice_to_cancel=36 * HOUR), Status.CONFIRMED, start=START, now=START - DAY)
    assert "36 hours of notice" in str(late)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.5, "0.5 seconds"),
        (1, "1 second"),
        (90, "90 seconds"),
        (300, "5 minutes"),
        (3600, "1 hour"),
        (172800, "2 days"),
    ],
)
def test_lengths_are_said_in_their_largest_unit(seconds: float, said: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == said
