"""The tables of the dashboards, each as a header and pages of rows. The figures are those of `schema.dashboards`."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

from auth.scopes import Scope as TokenScope
from loaders.dashboards.counts import CountsOfScope
from loaders.dashboards.hours import HoursOfScope
from loaders.dashboards.lead_times import LeadTimesOfScope
from loaders.dashboards.members import clinics_of, doctors_of
from loaders.dashboards.revenue import RevenueByDayOfScope, RevenueOfScope
from loaders.dashboards.scopes import Scope
from loaders.dashboards.tops import Subject, TopsByBookings, TopsByRevenue
from loaders.loader import Loaders
from schema.dashboards.figures import STATUSES, kept, share
from server.exports.appointments import APPOINTMENT_COLUMNS, APPOINTMENT_NEEDS, appointment_rows
from server.exports.csv import Cell
from server.exports.taking import Row, Visit

Pages: TypeAlias = Callable[[Visit, Scope], AsyncGenerator[Sequence[Row], None]]

DAYS_AT_ONCE = 31
MEMBERS_AT_ONCE = 100
SPECIALTIES = 10_000
ONE_DAY = timedelta(days=1)

COUNTED = (
    *("seats_offered", "seats_taken", "utilisation", *STATUSES, "appointments", "cancellation_rate", "no_show_rate"),
    *("new_patients", "returning_patients", "seats_freed", "seats_filled_again"),
)


@dataclass(frozen=True)
class Table:
    """`pages` gives the header, alone, and then the rows. `needs` are the scopes that it takes besides."""

    pages: Pages
    needs: tuple[TokenScope, ...] = ()
    of_doctors: bool = True


def counted(counts: Any) -> list[Cell]:
    """The figures of COUNTED."""
    total = sum(counts[status] for status in STATUSES)
    return [
        *(counts["offered"], kept(counts), share(kept(counts), counts["offered"])),
        *(counts[status] for status in STATUSES),
        *(total, share(counts["cancelled"], total), share(counts["no_show"], counts["completed"] + counts["no_show"])),
        *(counts["first_visits"], kept(counts) - counts["first_visits"], counts["freed"], counts["refilled"]),
    ]


async def days(visit: Visit, scope: Scope) -> AsyncGenerator[Sequence[Row], None]:
    currencies = await currencies_of(visit, scope)
    yield [("day", *COUNTED, *(f"revenue_minor_{currency}" for currency in currencies))]
    first = scope.first
    while first <= scope.last:
        last = min(first + timedelta(days=DAYS_AT_ONCE - 1), scope.last)
        loaders, part = visit(), scope._replace(first=first, last=last)
        alone = [scope._replace(first=day, last=day) for day in each_day(first, last)]
        counts = await loaders.get(CountsOfScope).load_level(alone)
        revenue = {
            (row["day"], row["currency"]): row["net_minor"] for row in await loaders.get(RevenueByDayOfScope).load(part)
        }
        yield [
            (day.first, *counted(row), *(revenue.get((day.first, currency), 0) for currency in currencies))
            for day, row in zip(alone, counts, strict=True)
        ]
        first = last + ONE_DAY


async def doctors(visit: Visit, scope: Scope) -> AsyncGenerator[Sequence[Row], None]:
    currencies = await currencies_of(visit, scope)
    yield [("doctor", "specialty", *COUNTED, *(f"revenue_minor_{currency}" for currency in currencies))]
    after = 0
    while members := await doctors_of((loaders := visit()).reads, scope, after, MEMBERS_AT_ONCE):
        scopes = [scope._replace(doctor_id=each["id"], clinic_ids=tuple(each["clinic_ids"])) for each in members]
        names = [(each["name"], each["specialty"]) for each in members]
        yield await with_figures(loaders, names, scopes, currencies)
        after = members[-1]["id"]


async def clinics(visit: Visit, scope: Scope) -> AsyncGenerator[Sequence[Row], None]:
    currencies = await currencies_of(visit, scope)
    yield [("clinic", "city", "time_zone", *COUNTED, *(f"revenue_minor_{currency}" for currency in currencies))]
    after = 0
    while members := await clinics_of((loaders := visit()).reads, scope, after, MEMBERS_AT_ONCE):
        scopes = [scope._replace(clinic_ids=(each["id"],)) for each in members]
        names = [(each["name"], each["city"], each["time_zone"]) for each in members]
        yield await with_figures(loaders, names, scopes, currencies)
        after = members[-1]["id"]


async def specialties(visit: Visit, scope: Scope) -> AsyncGenerator[Sequence[Row], None]:
    currencies = await currencies_of(visit, scope)
    loaders = visit()
    bookings = await loaders.get(TopsByBookings, Subject.SPECIALTY, SPECIALTIES).load(scope)
    revenue: dict[str, dict[str, int]] = {row["specialty"]: {} for row in bookings}
    for row in await loaders.get(TopsByRevenue, Subject.SPECIALTY, SPECIALTIES).load(scope):
        revenue.setdefault(row["specialty"], {})[row["currency"]] = row["amount"]
    booked = {row["specialty"]: row["amount"] for row in bookings}
    yield [("specialty", "bookings", *(f"revenue_minor_{currency}" for currency in currencies))]
    yield [
        (name, booked.get(name, 0), *(amounts.get(currency, 0) for currency in currencies))
        for name, amounts in revenue.items()
    ]


async def revenue(visit: Visit, scope: Scope) -> AsyncGenerator[Sequence[Row], None]:
    yield [("day", "currency", "captured_minor", "refunded_minor", "net_minor")]
    rows = await visit().get(RevenueByDayOfScope).load(scope)
    yield [
        (row["day"], row["currency"], row["captured_minor"], row["refunded_minor"], row["net_minor"]) for row in rows
    ]


async def load(visit: Visit, scope: Scope) -> AsyncGenerator[Sequence[Row], None]:
    yield [("weekday", "hour", "appointments")]
    rows = await visit().get(HoursOfScope).load(scope)
    yield [(row["weekday"], row["hour"], row["appointments"]) for row in rows]


async def lead_times(visit: Visit, scope: Scope) -> AsyncGenerator[Sequence[Row], None]:
    yield [("lead_days", "appointments")]
    times = await visit().get(LeadTimesOfScope).load(scope)
    yield [(row["lead_days"], row["appointments"]) for row in times.histogram]


async def appointments(visit: Visit, scope: Scope) -> AsyncGenerator[Sequence[Row], None]:
    yield [APPOINTMENT_COLUMNS]
    async for rows in appointment_rows(visit, scope):
        yield rows


async def currencies_of(visit: Visit, scope: Scope) -> list[str]:
    """The currencies of the scope's money, each of which has a column; they are never added up."""
    return [row["currency"] for row in await visit().get(RevenueOfScope).load(scope)]


async def with_figures(
    loaders: Loaders, names: Sequence[Row], scopes: Sequence[Scope], currencies: Sequence[str]
) -> list[Row]:
    """Rows that begin with the names and go on with the figures of their scope."""
    counts = await loaders.get(CountsOfScope).load_level(scopes)
    money = await loaders.get(RevenueOfScope).load_level(scopes)
    net = [{row["currency"]: row["net_minor"] for row in rows} for rows in money]
    return [
        (*name, *counted(row), *(amounts.get(currency, 0) for currency in currencies))
        for name, row, amounts in zip(names, counts, net, strict=True)
    ]


def each_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


TABLES: dict[str, Table] = {
    "days": Table(days),
    "doctors": Table(doctors),
    "clinics": Table(clinics),
    "specialties": Table(specialties, of_doctors=False),
    "revenue": Table(revenue),
    "load": Table(load, of_doctors=False),
    "lead-times": Table(lead_times),
    "appointments": Table(appointments, APPOINTMENT_NEEDS),
}
