"""How changes become roll-ups: one SELECT for each roll-up table, over any rows shaped like `roll_up_changes`.

Folding, `recount` and the first filling all use these, so that they cannot differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models.enums import AppointmentStatus
from models.rollups import SPANS, TOP_SPANS, WIDE_SPANS

FIRST_DAY = "c.day - (c.day - date '0001-01-01') % span.days"
KEEPS_SEAT = "c.status NOT IN ('CANCELLED', 'DECLINED')"
EACH_SCOPE = "(c.doctor_id, c.clinic_id), (0, c.clinic_id), (0, 0)"
CLINICS_ONLY = "(0, c.clinic_id), (0, 0)"
DOCTOR_OR_CLINIC = "(c.doctor_id, 0), (0, c.clinic_id)"
EVERYTHING = "(0, 0)"
SPECIALTY = "coalesce((SELECT d.specialty FROM doctors d WHERE d.id = c.doctor_id), '')"  # '' if somebody deleted her
STATUSES = tuple(AppointmentStatus)


@dataclass(frozen=True)
class RollUp:
    """A roll-up table: what else is in its key, and what it adds up, each as an expression over a change `c`."""

    table: str
    dimensions: Mapping[str, str]
    sums: Mapping[str, str]
    only: str
    spans: tuple[int, ...]
    scopes: str = EACH_SCOPE

    @property
    def key(self) -> tuple[str, ...]:
        return ("doctor_id", "clinic_id", "days", "first_day", *self.dimensions)

    def select(self, changes: str) -> str:
        """The rows that the changes (a table or CTE) add up to, without those that are all zero."""
        spans = ", ".join(f"({days})" for days in self.spans)
        dimensions = "".join(f", {expression} AS {name}" for name, expression in self.dimensions.items())
        sums = ", ".join(f"sum({expression})::bigint AS {name}" for name, expression in self.sums.items())
        nonzero = " OR ".join(f"sum({expression}) <> 0" for expression in self.sums.values())
        places = ", ".join(str(number) for number in range(1, len(self.key) + 1))
        return (
            f"SELECT scope.doctor_id, scope.clinic_id, span.days, {FIRST_DAY} AS first_day{dimensions}, {sums}\n"  # noqa: S608
            f"    FROM {changes} c CROSS JOIN LATERAL (VALUES {self.scopes}) scope (doctor_id, clinic_id)\n"
            f"      CROSS JOIN (VALUES {spans}) span (days)\n"
            f"    WHERE {self.only} GROUP BY {places} HAVING {nonzero}"
        )

    def add(self, changes: str) -> str:
        """Adds what the changes add up to, span by span, so that what is compared stands together."""
        order = ", ".join(("days", "first_day", "clinic_id", "doctor_id", *self.dimensions))
        columns = ", ".join((*self.key, *self.sums))
        added = ", ".join(f"{name} = r.{name} + excluded.{name}" for name in self.sums)
        return (
            f"INSERT INTO {self.table} AS r ({columns})\n    {self.select(changes)}\n"
            f"    ORDER BY {order}\n"
            f"    ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {added}"
        )


COUNTS = RollUp(
    "roll_up_counts",
    {},
    {
        "offered": "c.offered",
        **{status.lower(): f"CASE WHEN c.status = '{status}' THEN c.appointments ELSE 0 END" for status in STATUSES},
        "first_visits": f"CASE WHEN c.is_first_visit AND {KEEPS_SEAT} THEN c.appointments ELSE 0 END",
        "freed": "c.freed",
        "refilled": "c.refilled",
    },
    "c.currency IS NULL",
    SPANS,
)
LEAD_TIMES = RollUp(
    "roll_up_lead_times", {"lead_days": "c.lead_days"}, {"appointments": "c.appointments"}, KEEPS_SEAT, WIDE_SPANS
)
HOURS = RollUp(
    "roll_up_hours",
    {"weekday": "extract(isodow FROM c.day)::smallint", "hour": "c.hour"},
    {"appointments": "c.appointments"},
    KEEPS_SEAT,
    WIDE_SPANS,
    CLINICS_ONLY,
)
REVENUE = RollUp(
    "roll_up_revenue",
    {"currency": "c.currency"},
    {"captured_minor": "c.captured_minor", "refunded_minor": "c.refunded_minor"},
    "c.currency IS NOT NULL",
    SPANS,
)
BOOKINGS = {"bookings": "c.appointments"}
NET = {"net_minor": "c.captured_minor - c.refunded_minor"}
TOP_BOOKINGS = RollUp("roll_up_top_bookings", {}, BOOKINGS, KEEPS_SEAT, TOP_SPANS, DOCTOR_OR_CLINIC)
TOP_REVENUE = RollUp(
    "roll_up_top_revenue", {"currency": "c.currency"}, NET, "c.currency IS NOT NULL", TOP_SPANS, DOCTOR_OR_CLINIC
)
SPECIALTY_BOOKINGS = RollUp(
    "roll_up_specialty_bookings", {"specialty": SPECIALTY}, BOOKINGS, KEEPS_SEAT, TOP_SPANS, EVERYTHING
)
SPECIALTY_REVENUE = RollUp(
    "roll_up_specialty_revenue",
    {"specialty": SPECIALTY, "currency": "c.currency"},
    NET,
    "c.currency IS NOT NULL",
    TOP_SPANS,
    EVERYTHING,
)
ROLL_UPS = (COUNTS, LEAD_TIMES, HOURS, REVENUE, TOP_BOOKINGS, TOP_REVENUE, SPECIALTY_BOOKINGS, SPECIALTY_REVENUE)
