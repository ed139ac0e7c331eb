"""Chance that repeats itself: one stream of draws per part, so that one size does not reshuffle the other parts."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from random import Random


def stream(seed: int, part: str) -> Random:
    """The draws of one part. Equal arguments give equal draws."""
    return Random(f"{seed}/{part}")  # noqa: S311 - demo data, not secrets


def jitter(key: int, salt: int, below: int) -> int:
    """A number in [0, below) that depends on nothing but its arguments: small differences without a stream."""
    x = (key * 0x9E3779B1 + salt * 0x85EBCA77) & 0xFFFFFFFF
    x = ((x ^ (x >> 15)) * 0x2C1B3C6D) & 0xFFFFFFFF
    return (x ^ (x >> 12)) % below


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Whole shares of `total` in proportion to the weights; they sum to it exactly."""
    reached = list(accumulate(weights, initial=0.0))
    if not reached[-1]:
        return [0] * len(weights)
    bounds = [round(total * each / reached[-1]) for each in reached]
    return [high - low for low, high in pairwise(bounds)]
