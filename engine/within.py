"""Objects that lie within the row of another, read by the same statement: nobody has to be asked for them.

A class of sources says so in ``__within__``: by the coordinates of a field (``"Appointment.patient"``), where in the
row its object is. The engine then reads it from there and does not call the field's batch resolver, so what that
would have checked must have been checked by whoever made the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Within(Protocol):
    """Where an object lies in a row.

    ``names`` are the row's keys by the object's own; there is an object where the row's value for ``present`` is not
    null; ``within`` says what lies within the object in turn.
    """

    @property
    def present(self) -> str: ...
    @property
    def names(self) -> Mapping[str, str]: ...
    @property
    def within(self) -> Mapping[str, Within]: ...


class Part:
    """An object that lies within a row, as a source: ``part[key]`` by its own keys."""

    __slots__ = ("place", "row")

    def __init__(self, row: Any, place: Within) -> None:
        self.row = row
        self.place = place

    def __getitem__(self, key: str) -> Any:
        return self.row[self.place.names[key]]

    def part(self, place: Within) -> Part | None:
        """The object at a place within this one."""
        return None if self.row[place.present] is None else Part(self.row, place)


def within_all(sources: list[Any]) -> Mapping[str, Within]:
    """What lies within each of the sources."""
    if not sources:
        return {}
    first = sources[0]
    if type(first) is Part:
        place = first.place
        return place.within if all(type(each) is Part and each.place is place for each in sources) else {}
    found: Mapping[str, Within] = getattr(type(first), "__within__", {})
    return found if found and len(set(map(type, sources))) == 1 else {}


def parts_of(sources: list[Any], place: Within) -> list[Part | None]:
    """The object at a place within each of the sources."""
    present = place.present
    if type(sources[0]) is Part:
        return [source.part(place) for source in sources]
    return [None if source[present] is None else Part(source, place) for source in sources]
