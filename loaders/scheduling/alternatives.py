"""Other times, for somebody whose slot is taken."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, extract, func, literal_column, select, text, true

from auth.viewer import Sight
from loaders.entities import DOCTOR, SLOT, SlotRow
from loaders.loader import Loader
from loaders.rows import group
from loaders.scheduling.slots import DOCTORS, SLOTS, SlotPages, can_be_booked
from models.statement import Statement, compile_statement, one_of_ids

FIRST = 3
NEAR: Any = text("interval '14 days'")
WANTED = SLOT.table.alias("wanted")
HERS = DOCTOR.table.alias("her_doctor")


class AlternativesOfSlot(Loader[int, Any]):
    """Up to three slots that can be booked now instead of this one, within two weeks of it.

    Those of the same doctor come first, then those of her specialty at the same clinic; each by nearness in time.
    """

    absent: Any = ()

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        statement = _alternatives(self.reads.sight, self.reads.wanted(SLOT))
        rows = await self.reads.fetch(statement, SlotRow, {"keys": keys})
        return group(rows, "wanted_id")


@lru_cache(maxsize=1024)
def _alternatives(sight: Sight, wanted: frozenset[str]) -> Statement:
    distance: ColumnElement[Any] = func.abs(extract("epoch", SLOTS.c.starts_at - WANTED.c.starts_at))

    def nearest(rank: int, *conditions: ColumnElement[bool]) -> Select[Any]:
        return (
            select(*SLOT.shown(sight, wanted), literal_column(str(rank)).label("rank"), distance.label("distance"))
            .select_from(SlotPages.source)
            .where(
                *conditions,
                SLOTS.c.id != WANTED.c.id,
                SLOTS.c.starts_at.between(WANTED.c.starts_at - NEAR, WANTED.c.starts_at + NEAR),
                can_be_booked(),
            )
            .order_by(distance, SLOTS.c.id)
            .limit(literal_column(str(FIRST)))
            .correlate(WANTED, HERS)
        )

    same_doctor = nearest(1, SLOTS.c.doctor_id == WANTED.c.doctor_id)
    same_specialty = nearest(
        2,
        SLOTS.c.clinic_id == WANTED.c.clinic_id,
        SLOTS.c.doctor_id != WANTED.c.doctor_id,
        DOCTORS.c.specialty == HERS.c.specialty,
    )
    both = same_doctor.union_all(same_specialty).subquery("both")
    best = (
        select(both).order_by(both.c.rank, both.c.distance, both.c.id).limit(literal_column(str(FIRST))).lateral("best")
    )
    source = WANTED.join(HERS, HERS.c.id == WANTED.c.doctor_id).join(best, true())
    shown = [column for column in best.c if column.name not in ("rank", "distance")]
    query = select(WANTED.c.id.label("wanted_id"), *shown).select_from(source)
    return compile_statement(
        query.where(WANTED.c.id == one_of_ids("keys")).order_by(WANTED.c.id, best.c.rank, best.c.distance, best.c.id)
    )
