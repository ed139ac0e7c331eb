"""The figures that all dashboards have, each defined once, here."""

from datetime import date
from typing import Any

import strawberry

from loaders.dashboards.counts import CountsOfScope, CountsRow
from loaders.dashboards.lead_times import LeadDaysRow, LeadTimesOfScope
from loaders.dashboards.revenue import RevenueByDayOfScope, RevenueOfScope, RevenueRow
from models.enums import AppointmentStatus
from schema.directives import RequiresScopes
from schema.fields import described, read, relation
from schema.payments.money import Money, money

DASHBOARD = RequiresScopes(scopes=[["dashboard:doctor"], ["dashboard:clinic"], ["dashboard:admin"]])
KEPT = ("pending", "confirmed", "checked_in", "in_progress", "completed", "no_show")
STATUSES = tuple(status.lower() for status in AppointmentStatus)


def kept(counts: Any) -> int:
    """Appointments that keep their seat."""
    return sum(counts[status] for status in KEPT)


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@strawberry.type(
    directives=[DASHBOARD],
    description="Appointments whose visit is on the days of the range, by status as it is now. A booking that lapsed "
    "unpaid (PENDING, its `payBy` past) is PENDING until its seat is released, and CANCELLED from then on.",
)
class StatusCounts:
    row_type = CountsRow
    pending: int = described("PENDING, lapsed bookings that are not yet released included.")
    confirmed: int = described("CONFIRMED.")
    checked_in: int = described("CHECKED_IN.")
    in_progress: int = described("IN_PROGRESS.")
    completed: int = described("COMPLETED.")
    cancelled: int = described("CANCELLED.")
    no_show: int = described("NO_SHOW.")
    declined: int = described("DECLINED.")
    total: int = read(lambda row: sum(row[status] for status in STATUSES), "All of them.")
    cancellation_rate: float | None = read(
        lambda row: share(row["cancelled"], sum(row[status] for status in STATUSES)),
        "CANCELLED by all appointments of the range, 0 to 1; null where there are none.",
    )
    no_show_rate: float | None = read(
        lambda row: share(row["no_show"], row["completed"] + row["no_show"]),
        "NO_SHOW by those whose time is over and known (COMPLETED and NO_SHOW), 0 to 1; null where there are none.",
    )


@strawberry.type(directives=[DASHBOARD], description="Seats of the slots on the days of the range.")
class Utilisation:
    row_type = CountsRow
    offered: int = described(
        "Seats of active slots, past and to come, taken or free; of a withdrawn slot the seats still taken.",
        name="offered",
    )
    taken: int = read(kept, "Seats taken by appointments that are not CANCELLED or DECLINED. Holds are not counted.")
    rate: float | None = read(
        lambda row: share(kept(row), row["offered"]), "Taken by offered, 0 to 1; null where nothing is offered."
    )


@strawberry.type(
    directives=[DASHBOARD],
    description="Appointments of the range that are not CANCELLED or DECLINED, by whether the patient was new. That is "
    "decided at booking: new is who had never booked with this doctor before.",
)
class PatientCounts:
    row_type = CountsRow
    new: int = read(lambda row: row["first_visits"], "Appointments of new patients.")
    returning: int = read(lambda row: kept(row) - row["first_visits"], "Appointments of all others.")


@strawberry.type(
    directives=[DASHBOARD],
    description="Seats on the days of the range that somebody gave back. An appointment that was moved is not counted: "
    "it kept its seat, in another slot.",
)
class FreedSeats:
    row_type = CountsRow
    freed: int = described("Appointments that were CANCELLED or DECLINED; each had a seat and freed it.")
    filled_again: int = read(
        lambda row: row["refilled"],
        "Of the freed seats those that were taken again: for each slot, by how many its bookings ever, freed ones "
        "included, exceed its capacity.",
    )
    rate: float | None = read(
        lambda row: share(row["refilled"], row["freed"]), "Filled again by freed, 0 to 1; null where none was freed."
    )


@strawberry.type(directives=[DASHBOARD], description="Appointments with one lead time.")
class LeadDays:
    row_type = LeadDaysRow
    days: int = read(lambda row: row["lead_days"], "Whole days, rounded down.")
    appointments: int = described("How many.")


@strawberry.type(
    directives=[DASHBOARD],
    description="How long before its start a visit of the range was booked, in periods of 24 hours, rounded down; of "
    "appointments that are not CANCELLED or DECLINED. One booked after its start counts 0.",
)
class LeadTimes:
    appointments: int = described("How many there are.")
    median_days: float | None = described("The one in the middle, of two in the middle the mean; null without any.")
    histogram: list[LeadDays] = described("How many have each lead time, the shortest first; none is left out.")


@strawberry.type(
    directives=[DASHBOARD],
    description="Money of one currency, by the day on which it was captured, in the time zone of the visit's clinic. A "
    "refund lowers the day on which its money was captured, whenever it was made.",
)
class Revenue:
    row_type = RevenueRow
    currency: str = described("ISO 4217. Currencies are never added up.")
    captured: Money = money("captured", "Taken from patients for visits and fees.")
    refunded: Money = money("refunded", "Of that, given back since.")
    net: Money = money("net", "Captured less refunded.")


@strawberry.type(directives=[DASHBOARD], description="Money of one currency that was captured on one day; see Revenue.")
class DayRevenue:
    row_type = RevenueRow
    day: date = described("The clinic-local day.")
    captured: Money = money("captured", "Taken from patients for visits and fees.")
    refunded: Money = money("refunded", "Of that, given back since.")
    net: Money = money("net", "Captured less refunded.")


@strawberry.type(directives=[DASHBOARD], description="What can be compared with the days before.")
class Figures:
    from_: date = read(lambda source: source["scope"].first, "The first day.", name="from")
    to: date = read(lambda source: source["scope"].last, "The last day.")
    statuses: StatusCounts | None = relation(CountsOfScope, "scope", "Appointments by status.")
    utilisation: Utilisation | None = relation(CountsOfScope, "scope", "Seats offered and taken.")
    patients: PatientCounts | None = relation(CountsOfScope, "scope", "New against returning patients.")
    freed_seats: FreedSeats | None = relation(
        CountsOfScope, "scope", "Seats given back, and how many were filled again."
    )
    lead_times: LeadTimes | None = relation(LeadTimesOfScope, "scope", "How long before the visit it was booked.")
    revenue: list[Revenue] | None = relation(RevenueOfScope, "scope", "Money, one entry for each currency.")
    revenue_by_day: list[DayRevenue] | None = relation(
        RevenueByDayOfScope, "scope", "Money by day and currency, in this order; days without any are left out."
    )
