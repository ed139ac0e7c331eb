"""Finding clinics."""

import strawberry

from loaders.providers.clinics import ClinicById
from resolvers.lookups import lookup
from schema.fields import relation
from schema.paging import Connection
from schema.providers.clinics import Clinic
from schema.providers.filters import ask_clinics


@strawberry.type
class ClinicQueries:
    clinic: Clinic | None = lookup(ClinicById, "Clinic", "A clinic, by id.")
    clinics: Connection[Clinic] = relation(ask_clinics, None, "Clinics, for everybody who looks for one.")
