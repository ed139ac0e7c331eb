"""Opening a dashboard: one statement says whether, and of which clinics; each section then takes its own."""

from typing import Annotated, Any

import strawberry

from loaders.dashboards.scopes import ClinicDashboards, ClinicsOfDoctorDashboard, Scope
from models.rollups import ALL
from schema.context import Info
from schema.dashboards.clinics import AdminDashboard, ClinicDashboard
from schema.dashboards.doctors import DoctorDashboard
from schema.dashboards.ranges import RangeAsked, checked
from schema.directives import requires
from schema.errors import BadUserInput
from schema.fields import described
from schema.node import read_id

LARGEST_LIST = 100

DoctorAsked = Annotated[strawberry.ID, strawberry.argument(description="The doctor.")]
ClinicAsked = Annotated[strawberry.ID, strawberry.argument(description="The clinic.")]
ClinicsAsked = Annotated[
    list[strawberry.ID] | None, strawberry.argument(description="Only of these clinics, at most 100; null is all.")
]


async def doctor_dashboard(info: Info, doctor_id: DoctorAsked, range: RangeAsked) -> Any:
    first, last = checked(range)
    doctor = read_id("Doctor", doctor_id)
    clinics = await info.context.loaders.get(ClinicsOfDoctorDashboard).load(doctor)
    return None if clinics is None else {"scope": Scope(doctor, clinics, first, last), "doctor_id": doctor}


async def clinic_dashboard(info: Info, clinic_id: ClinicAsked, range: RangeAsked) -> Any:
    first, last = checked(range)
    clinic = await info.context.loaders.get(ClinicDashboards).load(read_id("Clinic", clinic_id))
    return None if clinic is None else {"scope": Scope(ALL, (clinic,), first, last), "clinic_id": clinic}


def admin_dashboard(info: Info, range: RangeAsked, clinic_ids: ClinicsAsked = None) -> Any:
    first, last = checked(range)
    if clinic_ids is not None and len(clinic_ids) > LARGEST_LIST:
        raise BadUserInput(f"clinicIds must have at most {LARGEST_LIST} ids")
    # No clinic has the id 0, which means all of them here.
    asked = {read_id("Clinic", each) for each in clinic_ids or ()} - {ALL}
    if not info.context.viewer.sight.everything:
        return None
    return {"scope": Scope(ALL, (ALL,) if clinic_ids is None else tuple(sorted(asked)), first, last)}


@strawberry.type
class DashboardQueries:
    doctor_dashboard: DoctorDashboard | None = described(
        "A doctor's dashboard; null where there is none for you.",
        resolver=doctor_dashboard,
        guard=requires("dashboard:doctor"),
    )
    clinic_dashboard: ClinicDashboard | None = described(
        "A clinic's dashboard; null where there is none for you.",
        resolver=clinic_dashboard,
        guard=requires("dashboard:clinic"),
    )
    admin_dashboard: AdminDashboard | None = described(
        "The dashboard over all clinics, or over some; null if not all are yours to see.",
        resolver=admin_dashboard,
        guard=requires("dashboard:admin"),
    )
