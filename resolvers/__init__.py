"""Root fields, and the schema that they make."""

from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers.dashboards.dashboards import DashboardQueries
from resolvers.identity import IdentityMutations, IdentityQueries
from resolvers.nodes import NodeQueries
from resolvers.patients import PatientMutations
from resolvers.patients.patients import PatientQueries
from resolvers.payments import PaymentMutations
from resolvers.payments.payments import PaymentQueries
from resolvers.providers import ProviderMutations
from resolvers.providers.clinics import ClinicQueries
from resolvers.providers.credentials import CredentialQueries
from resolvers.providers.doctors import DoctorQueries
from resolvers.rate_limit import RateLimitQueries
from resolvers.scheduling import SchedulingMutations
from resolvers.scheduling.appointments import AppointmentQueries
from resolvers.scheduling.slots import SlotQueries
from resolvers.scheduling.waitlist import WaitlistQueries
from resolvers.scheduling.why_not import WhyNotQueries
from resolvers.subscriptions import Subscription
from schema.fields import complete_fields, read_plain
from schema.patients.patients import Patient
from schema.payments.payments import Payment
from schema.scalars import SCALARS


@strawberry.type(description="Everything that can be asked.")
class Query(
    AppointmentQueries,
    ClinicQueries,
    CredentialQueries,
    DashboardQueries,
    DoctorQueries,
    IdentityQueries,
    NodeQueries,
    PatientQueries,
    PaymentQueries,
    RateLimitQueries,
    SlotQueries,
    WaitlistQueries,
    WhyNotQueries,
):
    pass


@strawberry.type(
    description="Everything that can be changed. Each field is one transaction: done as a whole, or not at all."
)
class Mutation(IdentityMutations, PatientMutations, PaymentMutations, ProviderMutations, SchedulingMutations):
    pass


def build_schema(executor: Any = None) -> strawberry.Schema:
    """The whole schema, run by the given executor class (None: graphql-core's)."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Patient, Payment],
        config=StrawberryConfig(
            default_resolver=read_plain, scalar_map=SCALARS, enable_experimental_incremental_execution=True
        ),
        execution_context_class=executor,
    )
    complete_fields(schema)
    return schema
