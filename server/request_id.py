"""Every request has an id: the caller's, if it is a sensible one, or one of our own; it is in every answer."""

import re
from contextvars import ContextVar
from random import Random

SENSIBLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")

_numbers = Random()  # noqa: S311 - an id must be unlike all others, and is no secret

current: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that this task works for."""


def request_id_of(given: bytes) -> str:
    """What a request gave as its id, or a new one."""
    return given.decode() if SENSIBLE.fullmatch(given) else f"{_numbers.getrandbits(128):032x}"
