"""Reading: objects become answers, with their plain leaf fields in them.

All other keys are there too, in their order, and hold None until their field is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .field import Field, Kind, Late
from .generate import Inner
from .kinds import is_object
from .reads import default_read
from .within import Part, Within, within_all

if TYPE_CHECKING:
    from .plan import Selection
    from .run import Run

GENERATE_AFTER = 1
"""How often a selection is read by interpreting it before a reader is generated for it."""

MANY_OBJECTS = 500
"""So many at once are worth a reader the first time."""

MANY_LEAVES = 256
"""A selection of more leaves is always interpreted: it is no ordinary one, and its source would be long."""


class Made(NamedTuple):
    """The answers of a level's objects, what is still to be run on them, and how many objects that is in all."""

    answers: list[dict[str, Any]]
    rest: list[Field]
    inner: list[Inner]
    carried: tuple[list[Any], ...]
    objects: int


NOTHING_WITHIN: Mapping[str, Within] = {}


def read(selection: Selection, sources: list[Any], run: Run, late: Late) -> Made:
    """Make the answers of a level's objects."""
    count = len(sources)
    if selection.leaves > MANY_LEAVES or (selection.reads < GENERATE_AFTER and count < MANY_OBJECTS):
        selection.reads += 1
        return Made(interpret(selection, sources, run, late), selection.rest, [], (), count)
    mode = "item"
    if selection.reads_default:
        kinds = set(map(type, sources))
        if kinds != {dict}:
            mode = "attribute" if all(map(is_object, kinds)) else "mixed"
    within = within_all(sources) if selection.batched else NOTHING_WITHIN
    reader = (
        selection.reader(mode, within, parts=type(sources[0]) is Part)
        if within
        else selection.reader(mode, NOTHING_WITHIN, parts=False)
    )
    answers, carried, missing = reader.loop(sources, run, late)
    return Made(answers, reader.rest, reader.inner, carried, count * (1 + reader.objects) - missing)


def interpret(selection: Selection, sources: list[Any], run: Run, late: Late) -> list[dict[str, Any]]:
    """Make the answers field by field; what a generated reader does, without the wait for it."""
    answers: list[dict[str, Any]] = []
    for source in sources:
        answer: dict[str, Any] = {}
        for field in selection.fields:
            value: Any = None
            if field.kind is Kind.TYPENAME:
                value = field.parent_type.name
            elif field.inline:
                try:
                    value = default_read(source, field.name) if field.read is None else field.read(source)
                    if field.read is None:
                        value = field.late(value, run, late, len(answers))
                    else:
                        value = field.position.leaf.one(value, run)
                except Exception as error:  # noqa: BLE001 - it is the error of this object
                    value = run.fail(error)
            answer[field.key] = value
        answers.append(answer)
    return answers
