"""What mutations of slots give."""

from typing import Any

import strawberry

from loaders.scheduling.slots import SlotById
from schema.answers import Payload
from schema.context import Info
from schema.fields import described, relation
from schema.scheduling.slots import Slot


@strawberry.type
class SlotPayload(Payload):
    slot: Slot | None = relation(SlotById, "slot_id", "The slot, as it is now.")


def slots_by(name: str, description: str) -> Any:
    """A payload's list of slots: those of the ids that the answer has under this name, and that are visible."""

    async def resolve(root: Any, info: Info) -> Any:
        rows = await info.context.loaders.get(SlotById).load_level(root[name] or ())
        return [row for row in rows if row is not None]

    return described(description, resolver=resolve)
