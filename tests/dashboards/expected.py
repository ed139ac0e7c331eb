"""Every figure again, from the raw rows, in plain Python: slow, and sharing nothing with the roll-ups."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

GONE = ("CANCELLED", "DECLINED")
FIELDS = {
    "PENDING": "pending",
    "CONFIRMED": "confirmed",
    "CHECKED_IN": "checkedIn",
    "IN_PROGRESS": "inProgress",
    "COMPLETED": "completed",
    "CANCELLED": "cancelled",
    "NO_SHOW": "noShow",
    "DECLINED": "declined",
}

Row = dict[str, Any]
Here = Callable[[Row], bool]
By = Callable[[Row], Any]


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass
class Facts:
    """All rows, with the local day and hour of each worked out here."""

    slots: dict[int, Row]
    appointments: list[Row]
    payments: list[Row]
    specialties: dict[int, str]

    @classmethod
    async def read(cls, sql: asyncpg.Connection) -> "Facts":
        async def rows(table: str) -> list[Row]:
            return [dict(row) for row in await sql.fetch(f"SELECT * FROM {table} ORDER BY id")]

        zones = {clinic["id"]: ZoneInfo(clinic["time_zone"]) for clinic in await rows("clinics")}
        slots = {slot["id"]: slot for slot in await rows("slots")}
        appointments = {each["id"]: each for each in await rows("appointments")}
        for slot in slots.values():
            slot["day"] = slot["local_day"]
        for each in appointments.values():
            slot = slots[each["slot_id"]]
            each["doctor_id"], each["clinic_id"], each["day"] = slot["doctor_id"], slot["clinic_id"], slot["local_day"]
            each["local"] = slot["starts_at"].astimezone(zones[slot["clinic_id"]])
            each["kept"] = each["status"] not in GONE
            each["lead"] = max((slot["starts_at"] - each["booked_at"]).total_seconds() // 86_400, 0)
        payments = await rows("payments")
        for payment in payments:
            visit = appointments[payment["appointment_id"]]
            payment["doctor_id"], payment["clinic_id"] = visit["doctor_id"], visit["clinic_id"]
            at: datetime = payment["captured_at"] or payment["created_at"]
            payment["day"] = at.astimezone(zones[visit["clinic_id"]]).date()
        specialties = {doctor["id"]: doctor["specialty"] for doctor in await rows("doctors")}
        return cls(slots, list(appointments.values()), payments, specialties)

    def figures(self, here: Here, first: date, last: date) -> Row:
        """What the fields of `Figures` should say."""
        inside = [each for each in self.appointments if here(each) and first <= each["day"] <= last]
        slots = [slot for slot in self.slots.values() if here(slot) and first <= slot["day"] <= last]
        kept = [each for each in inside if each["kept"]]
        statuses = Counter(each["status"] for each in inside)
        taken = Counter(each["slot_id"] for each in kept)
        gone = Counter(each["slot_id"] for each in inside if not each["kept"])
        offered = sum(slot["capacity"] if slot["is_active"] else taken[slot["id"]] for slot in slots)
        refilled = sum(max(0, taken[slot["id"]] + gone[slot["id"]] - slot["capacity"]) for slot in slots)
        new = sum(each["is_first_visit"] for each in kept)
        leads = Counter(int(each["lead"]) for each in kept)
        return {
            "statuses": {
                **{field: statuses[status] for status, field in FIELDS.items()},
                "total": len(inside),
                "cancellationRate": share(statuses["CANCELLED"], len(inside)),
                "noShowRate": share(statuses["NO_SHOW"], statuses["NO_SHOW"] + statuses["COMPLETED"]),
            },
            "utilisation": {"offered": offered, "taken": len(kept), "rate": share(len(kept), offered)},
            "patients": {"new": new, "returning": len(kept) - new},
            "freedSeats": {"freed": gone.total(), "filledAgain": refilled, "rate": share(refilled, gone.total())},
            "leadTimes": {
                "appointments": len(kept),
                "medianDays": float(median(leads.elements())) if kept else None,
                "histogram": [{"days": days, "appointments": leads[days]} for days in sorted(leads)],
            },
            "revenue": [
                {"currency": currency, **amounts}
                for (currency,), amounts in self._money(here, first, last, lambda each: (each["currency"],))
            ],
            "revenueByDay": [
                {"day": day.isoformat(), **amounts}
                for (day, _), amounts in self._money(here, first, last, lambda each: (each["day"], each["currency"]))
            ],
        }

    def comparisons(self, here: Here, first: date, last: date) -> Row:
        """What the fields of clinics' dashboards should say besides."""
        kept = [e for e in self.appointments if here(e) and e["kept"] and first <= e["day"] <= last]
        paid = [e for e in self.payments if here(e) and e["captured_minor"] and first <= e["day"] <= last]
        load = Counter((e["day"].isoweekday(), e["local"].hour) for e in kept)
        of_doctor: By = lambda e: e["doctor_id"]  # noqa: E731
        of_specialty: By = lambda e: self.specialties[e["doctor_id"]]  # noqa: E731
        of_clinic: By = lambda e: e["clinic_id"]  # noqa: E731
        return {
            "load": [
                {"weekday": weekday, "hour": hour, "appointments": load[weekday, hour]}
                for weekday, hour in sorted(load)
            ],
            "doctors": top(Counter(map(of_doctor, kept))),
            "specialties": top(Counter(map(of_specialty, kept))),
            "clinics": top(Counter(map(of_clinic, kept))),
            "doctorsRevenue": top_money(paid, of_doctor),
            "specialtiesRevenue": top_money(paid, of_specialty),
            "clinicsRevenue": top_money(paid, of_clinic),
        }

    def _money(
        self, here: Here, first: date, last: date, by: Callable[[Row], tuple[Any, ...]]
    ) -> Iterable[tuple[tuple[Any, ...], Row]]:
        captured: Counter[Any] = Counter()
        refunded: Counter[Any] = Counter()
        for each in self.payments:
            if here(each) and first <= each["day"] <= last and each["captured_minor"]:
                captured[by(each)] += each["captured_minor"]
                refunded[by(each)] += each["refunded_minor"]
        for key in sorted(captured):
            amounts = {"captured": captured[key], "refunded": refunded[key], "net": captured[key] - refunded[key]}
            yield key, {name: {"amount": amount, "currency": key[-1]} for name, amount in amounts.items()}


def top(counts: "Counter[Any]", first: int = 3) -> list[tuple[Any, int]]:
    return sorted(((key, n) for key, n in counts.items() if n > 0), key=lambda pair: (-pair[1], pair[0]))[:first]


def top_money(paid: list[Row], by: Callable[[Row], Any]) -> list[tuple[str, Any, int]]:
    found = []
    for currency in sorted({each["currency"] for each in paid}):
        net: Counter[Any] = Counter()
        for each in paid:
            if each["currency"] == currency:
                net[by(each)] += each["captured_minor"] - each["refunded_minor"]
        found += [(currency, key, amount) for key, amount in top(net)]
    return found
