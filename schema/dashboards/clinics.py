"""The dashboards of a clinic, and of all of them."""

import strawberry

from loaders.dashboards.hours import HoursOfScope
from loaders.dashboards.present import BY_START, AgendaPages, NextSlotOfScope, WaitlistLengthOfScope
from loaders.dashboards.tops import Subject, TopsByBookings, TopsByRevenue
from loaders.providers.clinics import ClinicById
from schema.context import Info
from schema.dashboards.figures import Figures
from schema.dashboards.tops import (
    Activity,
    ClinicBookings,
    ClinicRevenue,
    DoctorBookings,
    DoctorRevenue,
    HourLoad,
    SpecialtyBookings,
    SpecialtyRevenue,
    latest_steps,
    tops,
)
from schema.directives import requires
from schema.fields import read, relation
from schema.paging import After, Connection, First, ask_pages

TIES = "Ties by id."


def agenda(info: Info, first: First = 20, after: After = None) -> AgendaPages:
    """Asks for today's appointments at a clinic."""
    return ask_pages(info, AgendaPages, BY_START, {}, parent="clinic", first=first, after=after)


@strawberry.type(description="What dashboards over many doctors have besides.")
class Comparisons(Figures):
    before: Figures = read(
        lambda source: source | {"scope": source["scope"].before}, "The same figures of as many days just before."
    )
    load: list[HourLoad] | None = relation(
        HoursOfScope, "scope", "Appointments by weekday and hour, Monday first; hours without any are left out."
    )
    top_doctors_by_bookings: list[DoctorBookings] | None = relation(
        tops(TopsByBookings, Subject.DOCTOR), "scope", f"The doctors with the most bookings, the most first. {TIES}"
    )
    top_doctors_by_revenue: list[DoctorRevenue] | None = relation(
        tops(TopsByRevenue, Subject.DOCTOR),
        "scope",
        f"For each currency the doctors with the most revenue, the most first. {TIES}",
    )
    top_specialties_by_bookings: list[SpecialtyBookings] | None = relation(
        tops(TopsByBookings, Subject.SPECIALTY), "scope", "The specialties with the most bookings. Ties by name."
    )
    top_specialties_by_revenue: list[SpecialtyRevenue] | None = relation(
        tops(TopsByRevenue, Subject.SPECIALTY),
        "scope",
        "For each currency the specialties with the most revenue. Ties by name.",
    )
    activity: list[Activity] | None = relation(
        latest_steps, "scope", "What happened last to appointments, the newest first. Whatever the range."
    )


@strawberry.type(
    directives=[requires("dashboard:clinic")],
    description="A clinic's day and its figures, for those who manage it.",
)
class ClinicDashboard(Comparisons):
    clinic: "Clinic | None" = relation(ClinicById, "clinic_id", "Which it is.")
    agenda: Connection["Appointment"] | None = relation(
        agenda,
        "clinic_id",
        "Today's appointments, by the clinic's time zone, the earliest first; without CANCELLED and DECLINED. "
        "Whatever the range.",
        guard=requires("appointment:read"),
    )
    next_slot: "Slot | None" = relation(
        NextSlotOfScope, "scope", "The first slot here that can be booked now. Whatever the range."
    )
    waitlist_length: int | None = relation(
        WaitlistLengthOfScope,
        "scope",
        "Open waitlist entries that a seat here could answer: those that name this clinic, a doctor here and her "
        "specialty, or leave them open. Whatever the range.",
    )


@strawberry.type(
    directives=[requires("dashboard:admin")],
    description="The figures of all clinics, or of some, each in its own time zone.",
)
class AdminDashboard(Comparisons):
    top_clinics_by_bookings: list[ClinicBookings] | None = relation(
        tops(TopsByBookings, Subject.CLINIC), "scope", f"The clinics with the most bookings, the most first. {TIES}"
    )
    top_clinics_by_revenue: list[ClinicRevenue] | None = relation(
        tops(TopsByRevenue, Subject.CLINIC),
        "scope",
        f"For each currency the clinics with the most revenue, the most first. {TIES}",
    )
    waitlist_length: int | None = relation(
        WaitlistLengthOfScope,
        "scope",
        "Open waitlist entries; of some clinics, those that a seat there could answer. Whatever the range.",
    )


from schema.providers.clinics import Clinic  # noqa: E402
from schema.scheduling.appointments import Appointment  # noqa: E402
from schema.scheduling.slots import Slot  # noqa: E402
