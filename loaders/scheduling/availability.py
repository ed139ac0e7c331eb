"""When doctors work."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Date

from auth.viewer import Sight
from loaders.entities import AVAILABILITY_EXCEPTION, AVAILABILITY_TEMPLATE
from loaders.loader import Loader
from loaders.reads import Reads
from loaders.rows import RowBy, group
from models.statement import Statement, compile_statement, one_of_ids, parameter

TEMPLATES, EXCEPTIONS = AVAILABILITY_TEMPLATE.table, AVAILABILITY_EXCEPTION.table


class AvailabilityTemplateById(RowBy):
    entity = AVAILABILITY_TEMPLATE


class AvailabilityExceptionById(RowBy):
    entity = AVAILABILITY_EXCEPTION


class AvailabilityTemplatesOfDoctor(Loader[int, Any]):
    """A doctor's visible templates, by weekday and start."""

    absent: Any = ()

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        wanted = self.reads.wanted(AVAILABILITY_TEMPLATE, "doctor_id")
        rows = await self.reads.fetch(_templates(self.reads.sight, wanted), AVAILABILITY_TEMPLATE.row, {"keys": keys})
        return group(rows, "doctor_id")


class AvailabilityExceptionsOfDoctor(Loader[int, Any]):
    """A doctor's visible exceptions on some days, both included, by day."""

    absent: Any = ()

    def __init__(self, reads: Reads, first: date, last: date) -> None:
        super().__init__(reads)
        self._days = {"first_day": first, "last_day": last}

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        wanted = self.reads.wanted(AVAILABILITY_EXCEPTION, "doctor_id")
        rows = await self.reads.fetch(
            _exceptions(self.reads.sight, wanted), AVAILABILITY_EXCEPTION.row, {"keys": keys, **self._days}
        )
        return group(rows, "doctor_id")


@lru_cache(maxsize=256)
def _templates(sight: Sight, wanted: frozenset[str]) -> Statement:
    query = AVAILABILITY_TEMPLATE.select(sight, wanted).where(TEMPLATES.c.doctor_id == one_of_ids("keys"))
    return compile_statement(query.order_by(TEMPLATES.c.weekday, TEMPLATES.c.starts_at, TEMPLATES.c.id))


@lru_cache(maxsize=256)
def _exceptions(sight: Sight, wanted: frozenset[str]) -> Statement:
    on_these_days = EXCEPTIONS.c.day.between(parameter("first_day", Date()), parameter("last_day", Date()))
    query = AVAILABILITY_EXCEPTION.select(sight, wanted).where(EXCEPTIONS.c.doctor_id == one_of_ids("keys"))
    return compile_statement(query.where(on_these_days).order_by(EXCEPTIONS.c.day, EXCEPTIONS.c.id))
