"""Lengths of time in words."""

from datetime import timedelta

UNITS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
    (timedelta(seconds=1), "second"),
)


def in_words(length: timedelta) -> str:
    """In the largest unit that divides it: "36 hours", "1 day". Below a minute, in seconds."""
    for unit, name in UNITS:
        if length >= unit and length % unit == timedelta():
            count = length // unit
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return f"{length.total_seconds():g} seconds"
