"""Root fields, and the schema that they make."""

from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers.nodes import NodeQueries
from resolvers.patients.patients import PatientQueries
from resolvers.providers.clinics import ClinicQueries
from resolvers.providers.doctors import DoctorQueries
from resolvers.scheduling.appointments import AppointmentQueries
from resolvers.scheduling.slots import SlotQueries
from schema.fields import complete_fields, read_plain
from schema.patients.patients import Patient
from schema.payments.payments import Payment
from schema.scalars import SCALARS


@strawberry.type(description="Everything that can be asked.")
class Query(AppointmentQueries, ClinicQueries, DoctorQueries, NodeQueries, PatientQueries, SlotQueries):
    pass


def build_schema(executor: Any = None) -> strawberry.Schema:
    """The whole schema, run by the given executor class (None: graphql-core's)."""
    schema = strawberry.Schema(
        query=Query,
        types=[Patient, Payment],
        config=StrawberryConfig(default_resolver=read_plain, scalar_map=SCALARS),
        execution_context_class=executor,
    )
    complete_fields(schema)
    return schema
