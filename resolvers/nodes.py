"""Anything, by its global id."""

from typing import Any

import strawberry

from loaders.identity.audit import AuditRecordById
from loaders.identity.sessions import BrowserSessionById
from loaders.identity.users import UserById
from loaders.loader import Loader
from loaders.patients.patients import PatientById
from loaders.payments.payments import PaymentById
from loaders.payments.payouts import PayoutById
from loaders.providers.clinics import ClinicById
from loaders.providers.credentials import CredentialById
from loaders.providers.doctors import DoctorById
from loaders.providers.staff import StaffMemberById
from loaders.scheduling.appointments import AppointmentById
from loaders.scheduling.availability import AvailabilityExceptionById, AvailabilityTemplateById
from loaders.scheduling.holds import HoldById
from loaders.scheduling.slots import SlotById
from loaders.scheduling.waitlist import WaitlistEntryById, WaitlistOfferById
from resolvers.lookups import IdAsked
from schema.context import Info
from schema.errors import BadUserInput
from schema.fields import described
from schema.guards import check, type_guards
from schema.node import Node, split_id

LOADERS: dict[str, type[Loader[int, Any]]] = {
    "Appointment": AppointmentById,
    "AuditRecord": AuditRecordById,
    "AvailabilityException": AvailabilityExceptionById,
    "AvailabilityTemplate": AvailabilityTemplateById,
    "BrowserSession": BrowserSessionById,
    "Clinic": ClinicById,
    "Credential": CredentialById,
    "Doctor": DoctorById,
    "Hold": HoldById,
    "Patient": PatientById,
    "Payment": PaymentById,
    "Payout": PayoutById,
    "Slot": SlotById,
    "StaffMember": StaffMemberById,
    "User": UserById,
    "WaitlistEntry": WaitlistEntryById,
    "WaitlistOffer": WaitlistOfferById,
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
