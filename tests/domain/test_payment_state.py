"""Payment state is what the events add up to: their order and their repetitions change nothing."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments.payment_state import PaymentFact, PaymentState, payment_state
from models.enums import PaymentEventKind as Kind
from models.enums import PaymentStatus as Status

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def fact(number: int, kind: Kind, amount: int = 0, second: int | None = None) -> PaymentFact:
    """The event `evt_<number>`, which happened that many seconds after noon."""
    return PaymentFact(f"evt_{number}", kind, amount, NOON + timedelta(seconds=number if second is None else second))


facts = st.builds(
    fact,
    st.integers(1, 6),
    st.sampled_from(Kind),
    st.integers(-500, 5_000),
    st.integers(0, 3),
)
"""With few ids and few seconds, so that both meet often."""

AUTHORIZED = fact(1, Kind.AUTHORIZED, 5_000)
CAPTURED = fact(2, Kind.CAPTURED, 5_000)
SOME_BACK = fact(3, Kind.REFUNDED, 1_000)
REST_BACK = fact(4, Kind.REFUNDED, 4_000)


@pytest.mark.parametrize(
    ("known", "status", "captured", "refunded"),
    [
        ([], Status.PENDING, 0, 0),
        ([fact(1, Kind.OTHER)], Status.PENDING, 0, 0),
        ([AUTHORIZED], Status.AUTHORIZED, 0, 0),
        ([fact(1, Kind.FAILED)], Status.FAILED, 0, 0),
        ([fact(0, Kind.FAILED), AUTHORIZED], Status.AUTHORIZED, 0, 0),
        ([AUTHORIZED, fact(2, Kind.VOIDED)], Status.VOIDED, 0, 0),
        ([AUTHORIZED, CAPTURED], Status.CAPTURED, 5_000, 0),
        ([CAPTURED, fact(9, Kind.VOIDED), fact(9, Kind.FAILED)], Status.CAPTURED, 5_000, 0),
        ([CAPTURED, SOME_BACK], Status.PARTIALLY_REFUNDED, 5_000, 1_000),
        ([CAPTURED, SOME_BACK, REST_BACK], Status.REFUNDED, 5_000, 5_000),
        ([CAPTURED, SOME_BACK, SOME_BACK], Status.PARTIALLY_REFUNDED, 5_000, 1_000),
        ([CAPTURED, SOME_BACK, fact(5, Kind.REFUNDED, -1_000)], Status.CAPTURED, 5_000, 0),
        ([CAPTURED, fact(5, Kind.CAPTURED, 5_000)], Status.CAPTURED, 10_000, 0),
    ],
)
def test_events_add_up(known: list[PaymentFact], status: Status, captured: int, refunded: int) -> None:
    state = payment_state(known)

    assert (state.status, state.captured_minor, state.refunded_minor) == (status, captured, refunded)
    assert (state.captured_at is None) == (captured == 0)


def test_the_first_capture_is_when_it_was_paid() -> None:
    assert payment_state([fact(8, Kind.CAPTURED, 1), CAPTURED]).captured_at == CAPTURED.occurred_at


def test_a_refund_that_arrives_before_its_capture_counts_when_that_is_known() -> None:
    assert payment_state([AUTHORIZED, SOME_BACK]) == PaymentState(Status.AUTHORIZED, 0, 0, None)
    assert payment_state([AUTHORIZED, SOME_BACK, CAPTURED]).refunded_minor == 1_000


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        (Kind.FAILED, Kind.AUTHORIZED, Status.AUTHORIZED),
        (Kind.AUTHORIZED, Kind.VOIDED, Status.VOIDED),
        (Kind.FAILED, Kind.VOIDED, Status.VOIDED),
    ],
)
def test_two_in_one_second_happened_in_the_order_in_which_they_can(first: Kind, second: Kind, status: Status) -> None:
    together = [fact(1, first, 10, second=0), fact(2, second, 10, second=0)]

    assert payment_state(together).status is payment_state(together[::-1]).status is status


@given(st.lists(facts, max_size=8, unique_by=lambda each: each.event_id), st.integers(0, 4), st.randoms())
def test_neither_order_nor_repetition_changes_the_state(
    known: list[PaymentFact], repeated: int, random: Random
) -> None:
    told = known + known[:repeated]
    random.shuffle(told)

    assert payment_state(told) == payment_state(known)


@given(st.lists(facts, max_size=8, unique_by=lambda each: each.event_id))
def test_never_more_is_refunded_than_was_captured(known: list[PaymentFact]) -> None:
    state = payment_state([each for each in known if each.kind is not Kind.CAPTURED or each.amount_minor > 0])

    assert 0 <= state.refunded_minor <= state.captured_minor
    assert (state.status is Status.REFUNDED) == (0 < state.refunded_minor == state.captured_minor)
