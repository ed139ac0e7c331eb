"""Anything, by its global id."""

from typing import Any

import strawberry

from loaders.identity.users import UserById
from loaders.loader import Loader
from loaders.patients.patients import PatientById
from loaders.payments.payments import PaymentById
from loaders.providers.clinics import ClinicById
from loaders.providers.doctors import DoctorById
from loaders.scheduling.appointments import AppointmentById
from loaders.scheduling.slots import SlotById
from resolvers.lookups import IdAsked
from schema.context import Info
from schema.errors import BadUserInput
from schema.fields import described
from schema.guards import check, type_guards
from schema.node import Node, split_id

LOADERS: dict[str, type[Loader[int, Any]]] = {
    "Appointment": AppointmentById,
    "Clinic": ClinicById,
    "Doctor": DoctorById,
    "Patient": PatientById,
    "Payment": PaymentById,
    "Slot": SlotById,
    "User": UserById,
}


async def find_node(info: Info, id: IdAsked) -> Any:
    type_name, number = split_id(id)
    if type_name not in LOADERS:
        raise BadUserInput(f"{id[:40]!r} is the id of nothing this API has")
    check(info.context.viewer, type_guards(info.schema._schema.type_map[type_name]))
    return await info.context.loaders.get(LOADERS[type_name]).load(number)


@strawberry.type
class NodeQueries:
    node: Node | None = described("Anything with a global id; null where it is not there for you.", resolver=find_node)
