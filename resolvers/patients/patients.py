"""Finding patients."""

import strawberry

from loaders.patients.patients import PatientById
from resolvers.lookups import lookup
from schema.directives import requires
from schema.fields import relation
from schema.paging import Connection
from schema.patients.filters import ask_patients
from schema.patients.patients import Patient


@strawberry.type
class PatientQueries:
    patient: Patient | None = lookup(PatientById, "Patient", "A patient, by id.", guard=requires("patient:read"))
    patients: Connection[Patient] | None = relation(
        ask_patients, None, "The patients that the viewer may see.", guard=requires("patient:read")
    )
