"""Who is first, and when there is most to do."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

import schema.enums  # noqa: F401 - shows AppointmentStatus before it is used
from loaders.dashboards.hours import HourRow
from loaders.dashboards.present import LatestSteps
from loaders.dashboards.tops import Subject, TopRow, Tops
from loaders.entities import StepRow
from loaders.identity.users import UserById
from loaders.providers.clinics import ClinicById
from loaders.providers.doctors import DoctorById
from loaders.scheduling.appointments import AppointmentById
from models.enums import AppointmentStatus
from schema.context import Info
from schema.dashboards.figures import DASHBOARD
from schema.directives import RequiresScopes
from schema.errors import BadUserInput
from schema.fields import AsksLoader, described, read, relation
from schema.payments.money import Amount, Money

LARGEST_TOP = 20
LARGEST_ACTIVITY = 50

BOOKINGS = "Appointments of the range that are not CANCELLED or DECLINED."
REVENUE = "Money captured in the range less what of it was refunded, in one currency; see Revenue."
TopFirst = Annotated[int, strawberry.argument(description="How many at most, 1 to 20; by revenue for each currency.")]
LatestFirst = Annotated[int, strawberry.argument(description="How many at most, 1 to 50.")]


def _revenue() -> Any:
    return read(lambda row: Amount(row["amount"], row["currency"]), REVENUE)


def _bookings() -> Any:
    return read(lambda row: row["amount"], BOOKINGS)


@strawberry.type(directives=[DASHBOARD], description="A clinic and its bookings.")
class ClinicBookings:
    row_type = TopRow
    clinic: "Clinic | None" = relation(ClinicById, "clinic_id", "Which.")
    bookings: int = _bookings()


@strawberry.type(directives=[DASHBOARD], description="A clinic and its revenue.")
class ClinicRevenue:
    row_type = TopRow
    clinic: "Clinic | None" = relation(ClinicById, "clinic_id", "Which.")
    revenue: Money = _revenue()


@strawberry.type(directives=[DASHBOARD], description="A doctor and her bookings.")
class DoctorBookings:
    row_type = TopRow
    doctor: "Doctor | None" = relation(DoctorById, "doctor_id", "Who.")
    bookings: int = _bookings()


@strawberry.type(directives=[DASHBOARD], description="A doctor and her revenue.")
class DoctorRevenue:
    row_type = TopRow
    doctor: "Doctor | None" = relation(DoctorById, "doctor_id", "Who.")
    revenue: Money = _revenue()


@strawberry.type(directives=[DASHBOARD], description="The bookings of all doctors who have a specialty now.")
class SpecialtyBookings:
    row_type = TopRow
    specialty: str = described("Which.")
    bookings: int = _bookings()


@strawberry.type(directives=[DASHBOARD], description="The revenue of all doctors who have a specialty now.")
class SpecialtyRevenue:
    row_type = TopRow
    specialty: str = described("Which.")
    revenue: Money = _revenue()


@strawberry.type(directives=[DASHBOARD], description="How much there is to do at an hour of the week.")
class HourLoad:
    row_type = HourRow
    weekday: int = described("1 is Monday, 7 is Sunday; of the clinic-local day.")
    hour: int = described("0 to 23, clinic-local: visits begin from this hour to just before the next.")
    appointments: int = described("Appointments of the range that are not CANCELLED or DECLINED.")


@strawberry.type(
    description="A step in the life of an appointment, where it was at that moment.",
    directives=[
        RequiresScopes(scopes=[["dashboard:clinic", "appointment:read"], ["dashboard:admin", "appointment:read"]])
    ],
)
class Activity:
    row_type = StepRow
    from_: AppointmentStatus | None = read(
        lambda row: row["from_status"], "Before; null when it was booked.", columns=("from_status",), name="from"
    )
    to: AppointmentStatus = read(lambda row: row["to_status"], "After.", columns=("to_status",))
    at: datetime = read(lambda row: row["happened_at"], "When.", columns=("happened_at",))
    actor: "User | None" = relation(UserById, "actor_id", "Who did it; null for the system, or if not yours to see.")
    appointment: "Appointment | None" = relation(AppointmentById, "appointment_id", "Whose step it is.")


def tops(by: type[Tops], subject: Subject) -> AsksLoader:
    """Asks for the first of a kind."""

    def ask(info: Info, first: TopFirst = 5) -> Tops:
        if not 1 <= first <= LARGEST_TOP:
            raise BadUserInput(f"first must be from 1 to {LARGEST_TOP}, not {first}")
        return info.context.loaders.get(by, subject, first)

    return ask


def latest_steps(info: Info, first: LatestFirst = 10) -> LatestSteps:
    """Asks for what happened last."""
    if not 1 <= first <= LARGEST_ACTIVITY:
        raise BadUserInput(f"first must be from 1 to {LARGEST_ACTIVITY}, not {first}")
    return info.context.loaders.get(LatestSteps, first)


from schema.identity.users import User  # noqa: E402
from schema.providers.clinics import Clinic  # noqa: E402
from schema.providers.doctors import Doctor  # noqa: E402
from schema.scheduling.appointments import Appointment  # noqa: E402
