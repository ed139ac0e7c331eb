"""Finding doctors."""

import strawberry

from loaders.providers.doctors import DoctorById
from resolvers.lookups import lookup
from schema.fields import relation
from schema.paging import Connection
from schema.providers.doctors import Doctor
from schema.providers.filters import doctors_of


@strawberry.type
class DoctorQueries:
    doctor: Doctor | None = lookup(DoctorById, "Doctor", "A doctor, by id.")
    doctors: Connection[Doctor] = relation(doctors_of(None), None, "Doctors, for everybody who looks for one.")
