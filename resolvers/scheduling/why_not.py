"""Looking for what keeps a time from being booked."""

from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry

from loaders.scheduling.why_not import CircumstancesOfTime
from schema.context import Info
from schema.errors import BadUserInput
from schema.fields import described
from schema.node import read_id
from schema.scheduling.plans import PLANS
from schema.scheduling.why_not import WhyNot, reasons_of

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

DoctorAsked = Annotated[strawberry.ID, strawberry.argument(description="The doctor.")]
ClinicAsked = Annotated[strawberry.ID, strawberry.argument(description="The clinic.")]
StartAsked = Annotated[datetime, strawberry.argument(description="When the slot would begin.")]


async def why_not(info: Info, doctor_id: DoctorAsked, clinic_id: ClinicAsked, start: StartAsked) -> Any:
    if not EARLIEST <= start < LATEST:
        raise BadUserInput(f"start must be from {EARLIEST.year} to {LATEST.year - 1}")
    clinic = read_id("Clinic", clinic_id)
    found = await info.context.loaders.get(CircumstancesOfTime).load((read_id("Doctor", doctor_id), clinic, start))
    return None if found is None else reasons_of(found, clinic, start, info.context.now)


@strawberry.type
class WhyNotQueries:
    why_not: WhyNot | None = described(
        "Why a patient cannot book a time now; null where the schedule is not yours to see.",
        resolver=why_not,
        guard=PLANS,
    )
