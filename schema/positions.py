"""Positions as clients see them: opaque texts, to resume after."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from schema.errors import BadUserInput

LARGEST_POSITION = 2**63 - 1


class Position(NamedTuple):
    """After the event at `event`; with `told`, after that many of the messages of the event that comes next."""

    event: int
    told: int = 0


def write_position(position: Position) -> str:
    event, told = position
    return urlsafe_b64encode(b"%d.%d" % (event, told)).rstrip(b"=").decode()


def read_position(text: str) -> Position:
    """What `write_position` wrote. Raises BadUserInput for anything else."""
    try:
        event, _, told = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(".")
        if event.isdecimal() and told.isdecimal() and int(event) <= LARGEST_POSITION and int(told) < 10:
            return Position(int(event), int(told))
    except ValueError:
        pass
    raise BadUserInput(f"{text[:40]!r} is not a position that this API gave")
