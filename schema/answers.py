"""What every mutation takes and gives: an input with a key, an answer with what was refused.

The source of a payload is an `Answer`, the few ids and values that a mutation's rule returned: it is what is kept for
the idempotency key, and its entities are read through loaders, after the commit, as they are then.
"""

from typing import Any

import strawberry

from domain.refusal import ErrorCode, Invalid
from loaders.scheduling.alternatives import AlternativesOfSlot
from loaders.scheduling.slots import SlotById
from schema.errors import BadUserInput
from schema.fields import read, relation
from schema.node import read_id


class Answer(dict[str, Any]):
    """A mutation's answer; what it does not say is null. Only what JSON can carry."""

    def __missing__(self, name: str) -> None:
        return None


@strawberry.type(description="One thing that a rule refused; nothing was changed.")
class UserError:
    code: ErrorCode = read(lambda problem: ErrorCode(problem["code"]), "Which rule, for programs.")
    message: str = read(lambda problem: problem["message"], "What is wrong, for people.")
    field: str | None = read(lambda problem: problem["field"], "Which field of the input, such as `slotId`.")
    slot: "Slot | None" = relation(SlotById, "slot_id", "The slot that it is about, if it is yours to see.")
    alternatives: list["Slot"] = relation(
        AlternativesOfSlot,
        "slot_id",
        "For SLOT_UNAVAILABLE up to three others: the nearest in time of this doctor, then of her specialty nearby.",
    )


@strawberry.type
class Payload:
    """What every payload has."""

    user_errors: list[UserError] = read(
        lambda answer: [Answer(problem) for problem in answer["user_errors"] or ()],
        "What was refused; empty when it was done.",
    )


def id_in(type_name: str, id: str, field: str) -> int:
    """The row's id from a global id in an input. Raises Invalid, which names the input's field."""
    try:
        return read_id(type_name, id)
    except BadUserInput as error:
        raise Invalid({field: error.message}) from None


def id_in_or_none(type_name: str, id: str | None, field: str) -> int | None:
    """As `id_in`, where the input may leave it out."""
    return None if id is None else id_in(type_name, id, field)


from schema.scheduling.slots import Slot  # noqa: E402
