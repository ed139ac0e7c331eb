"""A circuit breaker: who has failed again and again is left alone for a while, then tried with one call.

Written here because none of the libraries does it: purgatory and circuitbreaker let every call through once half
open, and all of them, aiobreaker too, read a clock of their own (aiobreaker's by a call that Python has deprecated).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeAlias

Monotonic: TypeAlias = Callable[[], float]
"""Seconds that only grow."""


class BreakerState(StrEnum):
    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class BreakerOpen(Exception):
    """This call is not made."""


class Breaker:
    """For the calls of one process to one service. Opens after `threshold` failures in a row, for `rest` seconds."""

    def __init__(self, threshold: int, rest: float, clock: Monotonic) -> None:
        self._threshold = threshold
        self._rest = rest
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._on_trial = False

    @property
    def state(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        rested = self._clock() - self._opened_at >= self._rest
        return BreakerState.HALF_OPEN if rested else BreakerState.OPEN

    @contextmanager
    def call(self, *failures: type[Exception]) -> Iterator[None]:
        """Around one call, in which `failures` are what counts as the service's fault. Raises BreakerOpen.

        Any other exception is an answer too. A call that is cancelled says nothing about the service.
        """
        trial = self._enter()
        try:
            yield
        except failures:
            self._failed(trial)
            raise
        except Exception:
            self._answered(trial)
            raise
        else:
            self._answered(trial)
        finally:
            if trial:
                self._on_trial = False

    def _enter(self) -> bool:
        """Whether this call is the trial that decides."""
        state = self.state
        if state is BreakerState.CLOSED:
            return False
        if state is BreakerState.OPEN or self._on_trial:
            raise BreakerOpen
        self._on_trial = True
        return True

    def _failed(self, trial: bool) -> None:
        if self._opened_at is not None and not trial:
            return  # it was on its way when others opened the circuit
        self._failures += 1
        if trial or self._failures >= self._threshold:
            self._opened_at = self._clock()

    def _answered(self, trial: bool) -> None:
        if trial or self._opened_at is None:
            self._failures, self._opened_at = 0, None
