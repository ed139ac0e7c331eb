"""A doctor's dashboard."""

import strawberry

from loaders.dashboards.present import AgendaOfDoctor, NextSlotOfScope, WaitlistLengthOfScope
from loaders.providers.doctors import DoctorById
from schema.dashboards.figures import Figures
from schema.directives import requires
from schema.fields import read, relation


@strawberry.type(
    directives=[requires("dashboard:doctor")],
    description="A doctor's day and her figures. She herself and administrators see all clinics where she works or has "
    "worked; who manages some of them sees the part of these.",
)
class DoctorDashboard(Figures):
    before: Figures = read(
        lambda source: source | {"scope": source["scope"].before}, "The same figures of as many days just before."
    )
    doctor: "Doctor | None" = relation(DoctorById, "doctor_id", "Whose it is.")
    agenda: list["Appointment"] | None = relation(
        AgendaOfDoctor,
        "scope",
        "Today's appointments, each clinic in its own time zone, the earliest first; without CANCELLED and DECLINED. "
        "Whatever the range.",
        guard=requires("appointment:read"),
    )
    next_slot: "Slot | None" = relation(
        NextSlotOfScope,
        "scope",
        "Her first slot that can be booked now, at the clinics that are seen. Whatever the range.",
    )
    waitlist_length: int | None = relation(
        WaitlistLengthOfScope,
        "scope",
        "Open waitlist entries that a seat with her could answer: those that name her, this clinic and her specialty, "
        "or leave them open. Whatever the range.",
    )


from schema.providers.doctors import Doctor  # noqa: E402
from schema.scheduling.appointments import Appointment  # noqa: E402
from schema.scheduling.slots import Slot  # noqa: E402
