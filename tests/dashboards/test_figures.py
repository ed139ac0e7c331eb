"""Every figure is what the raw rows add up to, over random data and ranges, clock changes included."""

from base64 import b64decode, b64encode
from datetime import date, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest

from server.recount import recount
from tests.client import Client
from tests.dashboards.expected import Facts, Here
from tests.dashboards.world import change, fill

FIGURES = """
  statuses {
    pending confirmed checkedIn inProgress completed cancelled noShow declined total cancellationRate noShowRate
  }
  utilisation { offered taken rate }
  patients { new returning }
  freedSeats { freed filledAgain rate }
  leadTimes { appointments medianDays histogram { days appointments } }
  revenue { currency captured { amount currency } refunded { amount currency } net { amount currency } }
  revenueByDay { day captured { amount currency } refunded { amount currency } net { amount currency } }
"""
COMPARISONS = """
  load { weekday hour appointments }
  doctors: topDoctorsByBookings(first: 3) { doctor { id } bookings }
  specialties: topSpecialtiesByBookings(first: 3) { specialty bookings }
  doctorsRevenue: topDoctorsByRevenue(first: 3) { doctor { id } revenue { amount currency } }
  specialtiesRevenue: topSpecialtiesByRevenue(first: 3) { specialty revenue { amount currency } }
"""
CLINICS = """
  clinics: topClinicsByBookings(first: 3) { clinic { id } bookings }
  clinicsRevenue: topClinicsByRevenue(first: 3) { clinic { id } revenue { amount currency } }
"""
DOCTOR = f"""query ($id: ID!, $range: DateRange!) {{
  doctorDashboard(doctorId: $id, range: $range) {{ {FIGURES} before {{ from to {FIGURES} }} }} }}"""
CLINIC = f"""query ($id: ID!, $range: DateRange!) {{
  clinicDashboard(clinicId: $id, range: $range) {{ {FIGURES} {COMPARISONS} before {{ from to {FIGURES} }} }} }}"""
ADMIN = f"""query ($ids: [ID!], $range: DateRange!) {{
  adminDashboard(clinicIds: $ids, range: $range) {{
    {FIGURES} {COMPARISONS} {CLINICS} before {{ from to {FIGURES} }} }} }}"""


def global_id(kind: str, number: int) -> str:
    return b64encode(f"{kind}:{number}".encode()).rstrip(b"=").decode()


def ranges(random: Random) -> list[tuple[date, date]]:
    """Days around the clock changes, single days, and as long as may be."""
    found = [(date(2026, 3, 1), date(2026, 4, 30)), (date(2025, 5, 1), date(2026, 5, 1)), (date(2026, 3, 29),) * 2]
    for _ in range(3):
        first = date(2026, 2, 20) + timedelta(days=random.randrange(60))
        found.append((first, first + timedelta(days=random.randrange(40))))
    return found


class Asking:
    """Asks for dashboards and compares them with the facts."""

    def __init__(self, client: Client, facts: Facts) -> None:
        self._client, self._facts = client, facts

    async def compare(self, query: str, here: Here, first: date, last: date, **variables: Any) -> None:
        days = {"from": first.isoformat(), "to": last.isoformat()}
        (shown,) = (await self._client.ask(query, {"range": days, **variables})).data.values()
        length = last - first + timedelta(days=1)
        before = shown.pop("before")
        assert before == {
            "from": (first - length).isoformat(),
            "to": (last - length).isoformat(),
            **self._facts.figures(here, first - length, last - length),
        }
        compared = self._facts.comparisons(here, first, last)
        for name in ("doctors", "specialties", "clinics"):
            if name in shown:
                assert [(subject(each), each["bookings"]) for each in shown.pop(name)] == compared[name]
                money = [
                    (each["revenue"]["currency"], subject(each), each["revenue"]["amount"])
                    for each in shown.pop(f"{name}Revenue")
                ]
                assert money == compared[f"{name}Revenue"]
        if "load" in shown:
            assert shown.pop("load") == compared["load"]
        assert shown == self._facts.figures(here, first, last)


def subject(shown: dict[str, Any]) -> str | int:
    """Which specialty, or the number in the id of which doctor or clinic."""
    entity = shown.get("doctor") or shown.get("clinic")
    if entity is None:
        specialty: str = shown["specialty"]
        return specialty
    return int(b64decode(entity["id"] + "==").split(b":")[1])


def one_of(column: str, *ids: int) -> Here:
    return lambda row: row[column] in ids


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_figure_is_what_the_rows_add_up_to(database: str, seed: int) -> None:
    random = Random(seed)
    sql = await asyncpg.connect(database)
    await fill(sql, random)
    done = [await change(sql, random) for _ in range(500)]
    assert sum(done) > 200
    if seed == 3:
        await sql.execute("UPDATE clinics SET time_zone = 'Pacific/Chatham' WHERE id = 2")
    assert await sql.fetchval("SELECT count(*) FROM roll_up_changes") < 600
    assert await sql.fetchval("SELECT count(*) FROM roll_up_counts") > 0
    assert await recount(database) == []
    facts = await Facts.read(sql)
    await sql.close()
    async with Client.of(database) as client:
        asking = Asking(client, facts)
        for first, last in ranges(random):
            doctor, clinic = random.randint(1, 5), random.randint(1, 4)
            await asking.compare(DOCTOR, one_of("doctor_id", doctor), first, last, id=global_id("Doctor", doctor))
            await asking.compare(CLINIC, one_of("clinic_id", clinic), first, last, id=global_id("Clinic", clinic))
            await asking.compare(ADMIN, one_of("clinic_id", 1, 2, 3, 4), first, last)
            two = clinic, 1 + clinic % 4
            ids = [global_id("Clinic", each) for each in two]
            await asking.compare(ADMIN, one_of("clinic_id", *two), first, last, ids=ids)
