"""Finding appointments."""

import strawberry

from loaders.scheduling.appointments import AppointmentById
from resolvers.lookups import lookup
from schema.directives import requires
from schema.fields import relation
from schema.paging import Connection
from schema.scheduling.appointments import Appointment
from schema.scheduling.filters import appointments_of


@strawberry.type
class AppointmentQueries:
    appointment: Appointment | None = lookup(
        AppointmentById, "Appointment", "An appointment, by id.", guard=requires("appointment:read")
    )
    appointments: Connection[Appointment] | None = relation(
        appointments_of(None), None, "The appointments that the viewer may see.", guard=requires("appointment:read")
    )
