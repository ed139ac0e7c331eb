"""Why a time cannot be booked."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from domain.scheduling.availability import DatedException, Template
from domain.scheduling.why_not import SlotThere, WhyNotRule, asked_of, why_not
from loaders.scheduling.slots import SlotById
from loaders.scheduling.why_not import Circumstances
from schema.answers import Answer
from schema.fields import read, relation
from schema.scheduling.plans import PLANS
from schema.scheduling.slots import Slot


@strawberry.type(description="One rule that keeps a time from being booked.", directives=[PLANS])
class WhyNotReason:
    rule: WhyNotRule = read(lambda reason: reason["rule"], "Which rule, for programs.")
    message: str = read(lambda reason: reason["message"], "What it says, for people.")
    until: datetime | None = read(lambda reason: reason["until"], "When it is over by itself; null where it is not.")
    slot: Slot | None = relation(SlotById, "slot_id", "The slot that it is about, if it is yours to see.")


@strawberry.type(
    description="Whether a patient can book a doctor at a clinic at a time now, and what keeps her from it.",
    directives=[PLANS],
)
class WhyNot:
    bookable: bool = read(lambda reasons: not reasons, "Whether no rule keeps it from being booked.")
    reasons: list[WhyNotReason] = read(
        lambda reasons: reasons, "All that do: about the people first, then the hours, the slot, its seats."
    )


def reasons_of(found: Circumstances, clinic_id: int, start: datetime, now: datetime) -> Sequence[Answer]:
    """The reasons, as rows of `WhyNotReason`."""
    reasons = why_not(
        asked_of(found.about, clinic_id, start, now),
        [SlotThere(**row) for row in found.slots],
        [Template.of(row) for row in found.templates],
        [DatedException.of(row) for row in found.exceptions],
    )
    return [Answer(reason._asdict()) for reason in reasons]
