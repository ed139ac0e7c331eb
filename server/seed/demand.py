"""Which seats people want: some doctors far more than others, mornings and Mondays more, soon rather than late."""

from array import array
from bisect import bisect_right
from math import exp, log

from server.seed.calendar import Calendar
from server.seed.doctors import Doctor
from server.seed.draws import stream
from server.seed.moments import HOUR, local_start, ordinal_of
from server.seed.sizes import SeedError

WEEKDAYS = (1.35, 1.1, 1.0, 0.95, 0.8, 0.9, 0.7)  # Monday first
HOURS = (0, 9, 11, 14, 16)  # until, in local time
HOUR_FACTORS = (1.0, 1.3, 1.2, 0.85, 0.75, 1.0)
FADE_DAYS = 18
GROUP_SEAT = 0.6
DEMO_WANT = 30.0  # where others are about 1: the demo doctor has a full agenda around today


def wanted_seats(calendar: Calendar, doctors: list[Doctor], seed: int, present: int) -> "array[int]":
    """The slot of each seat that may be booked, in the order of demand: a weighted draw without replacement.

    Nothing may be booked from the day on which a doctor's licence ends.
    """
    random = stream(seed, "demand")
    today = ordinal_of(present)
    keys = array("d")
    seats = array("i")
    zones = {clinic.id: clinic.city.time_zone for doctor in doctors for clinic in doctor.clinics}
    for doctor in doctors:
        for slot in calendar.of_doctor.get(doctor.id, ()):
            day = calendar.day[slot]
            if doctor.licence_expires is not None and day >= doctor.licence_expires:
                continue
            hour = (calendar.start[slot] - local_start(zones[calendar.clinic[slot]], day)) // HOUR
            want = doctor.popularity * WEEKDAYS[(day - 1) % 7] * HOUR_FACTORS[bisect_right(HOURS, hour)]
            if day > today:
                want *= exp((today - day) / FADE_DAYS) + 0.01
            if doctor.id == 1 and abs(day - today) <= 7:
                want = DEMO_WANT
            for _ in range(calendar.capacity[slot]):
                keys.append(-log(1.0 - random.random()) / want)
                seats.append(slot)
                want *= GROUP_SEAT
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return array("i", (seats[each] for each in order))


def give(
    calendar: Calendar, doctors: list[Doctor], wanted: "array[int]", count: int
) -> tuple["array[int]", "array[int]"]:
    """Takes `count` seats in the order of demand within the daily limits; then the slots that were wanted next."""
    if count > len(wanted):
        raise SeedError(f"the slots have {len(wanted)} seats to book, fewer than the {count} that are asked for")
    limits = {doctor.id: doctor.daily_limit for doctor in doctors}
    days: dict[int, int] = {}
    given = array("i")
    for position, slot in enumerate(wanted):
        if len(given) == count:
            return given, wanted[position:]
        limit = limits[calendar.doctor[slot]]
        key = calendar.doctor[slot] * 10_000_000 + calendar.day[slot]
        if limit is None or days.get(key, 0) < limit:
            days[key] = days.get(key, 0) + 1
            given.append(slot)
    if len(given) < count:
        raise SeedError(f"within the daily limits only {len(given)} seats can be booked, not {count}")
    return given, array("i")
