"""Finding appointments."""

from typing import Any

import strawberry

from loaders.scheduling.appointments import AppointmentById
from loaders.scheduling.quotes import QuoteOfAppointment
from resolvers.lookups import IdAsked, lookup
from schema.context import Info
from schema.directives import requires
from schema.fields import described, relation
from schema.node import read_id
from schema.paging import Connection
from schema.scheduling.appointments import Appointment
from schema.scheduling.filters import appointments_of
from schema.scheduling.quotes import CancellationQuote


async def find_quote(info: Info, appointment_id: IdAsked) -> Any:
    return await info.context.loaders.get(QuoteOfAppointment).load(read_id("Appointment", appointment_id))


@strawberry.type
class AppointmentQueries:
    appointment: Appointment | None = lookup(
        AppointmentById, "Appointment", "An appointment, by id.", guard=requires("appointment:read")
    )
    appointments: Connection[Appointment] | None = relation(
        appointments_of(None), None, "The appointments that the viewer may see.", guard=requires("appointment:read")
    )
    cancellation_quote: CancellationQuote | None = described(
        "What cancelling an appointment would cost now.", resolver=find_quote, guard=requires("appointment:read")
    )
