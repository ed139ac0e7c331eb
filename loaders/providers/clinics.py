"""Questions about clinics."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean

from auth.viewer import Sight
from loaders.entities import CLINIC, ClinicRow
from loaders.loader import Loader
from loaders.pages import Order, Pages
from loaders.places import distance_km, in_city, near
from loaders.providers.standing import load, without_slots
from loaders.rows import RowBy, group
from loaders.words import has_words
from models import DoctorClinic
from models.statement import Statement, compile_statement, one_of_ids, parameter

CLINICS = CLINIC.table
AFFILIATIONS = DoctorClinic.__table__


class ClinicById(RowBy):
    entity = CLINIC


class ClinicsOfDoctor(Loader[int, Any]):
    """Where a doctor works now, by name."""

    absent: Any = ()

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        return group(
            await self.reads.fetch(
                _clinics_of_doctor(self.reads.sight, self.reads.wanted(CLINIC)), ClinicRow, {"keys": keys}
            ),
            "doctor_id",
        )


@lru_cache(maxsize=1024)
def _clinics_of_doctor(sight: Sight, wanted: frozenset[str]) -> Statement:
    return compile_statement(
        CLINIC.select(sight, wanted)
        .add_columns(AFFILIATIONS.c.doctor_id)
        .select_from(CLINICS.join(AFFILIATIONS, AFFILIATIONS.c.clinic_id == CLINICS.c.id))
        .where(AFFILIATIONS.c.doctor_id == one_of_ids("keys"), AFFILIATIONS.c.ended_at.is_(None))
        .order_by(CLINICS.c.name, CLINICS.c.id)
    )


class ClinicPages(Pages):
    """Clinics by city, words of the name, or nearness."""

    entity = CLINIC
    source = CLINICS
    conditions = {
        "city": lambda: in_city(CLINICS),
        "near": lambda: near(CLINICS),
        "search": lambda: has_words(CLINICS.c.name),
        "is_active": lambda: CLINICS.c.is_active == parameter("is_active", Boolean()),
        "without_slots": lambda: without_slots(CLINICS.c.id, "clinic_id"),
    }


BY_REGISTRATION = Order("clinics", (CLINICS.c.id,))
BY_NAME = Order("clinics-name", (CLINICS.c.name, CLINICS.c.id))
BY_LOAD = Order("clinics-load", (load(CLINICS.c.id, "clinic_id"), CLINICS.c.id), descending=True)
BY_DISTANCE = Order("clinics-distance", (distance_km(CLINICS), CLINICS.c.id))
