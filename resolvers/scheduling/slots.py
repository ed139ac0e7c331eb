"""Finding time."""

import strawberry

from schema.fields import relation
from schema.paging import Connection
from schema.scheduling.filters import slots_of
from schema.scheduling.slots import Slot


@strawberry.type
class SlotQueries:
    slots: Connection[Slot] = relation(
        slots_of(None), None, "Slots of all doctors, earliest first; from now on and free unless asked otherwise."
    )
