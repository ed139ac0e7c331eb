"""Dashboards as people meet them: today's agenda, sections that fail alone, what may not be asked."""

from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from tests import clinic_data
from tests.client import Client
from tests.clinic_data import NOW

DAY = {"from": "2026-06-15", "to": "2026-06-15"}
AGENDA = """
  status patient { user { name } } slot { start } clinic { name timeZone } doctor { user { name } } payment { status }
"""


def global_id(kind: str, number: int) -> str:
    return b64encode(f"{kind}:{number}".encode()).rstrip(b"=").decode()


@pytest.fixture
async def sql(database: str) -> AsyncIterator[asyncpg.Connection]:
    """The corpus's world with three of each, to be changed."""
    await clinic_data.load(database, 3)
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def visit(sql: asyncpg.Connection, doctor: int, patient: int, hours: float, **more: object) -> int:
    """An appointment that begins so many hours from NOW, at the doctor's clinic or another."""
    values = {"clinic_id": doctor, "status": "CONFIRMED"} | more
    slot = await sql.fetchval(
        "INSERT INTO slots (doctor_id, clinic_id, starts_at, ends_at, blocked_until) "
        "VALUES ($1, $2, $3, $4, $4) RETURNING id",
        *(doctor, values["clinic_id"], NOW + timedelta(hours=hours), NOW + timedelta(hours=hours, minutes=5)),
    )
    appointment: int = await sql.fetchval(
        "INSERT INTO appointments (slot_id, patient_id, status, booked_at) VALUES ($1, $2, $3, $4) RETURNING id",
        *(slot, patient, values["status"], NOW - timedelta(days=3)),
    )
    await sql.execute(
        "INSERT INTO payments (appointment_id, amount_minor, currency) VALUES ($1, 5000, 'EUR')", appointment
    )
    return appointment


async def test_the_agenda_is_today_in_each_clinics_zone(database: str, sql: asyncpg.Connection) -> None:
    """Clinic 1 is in Berlin (14:00 now), clinic 2 in New York (08:00), clinic 3 in Kathmandu (17:45)."""
    await sql.execute("INSERT INTO doctor_clinics (doctor_id, clinic_id) VALUES (1, 2), (1, 3)")
    expected = []
    for number, (clinic, hours, status, shown) in enumerate(
        [
            (1, -13.9, "COMPLETED", True),  # 00:06
            (1, -14.2, "COMPLETED", False),  # yesterday, 23:48
            (1, 9.5, "CONFIRMED", True),  # 23:30
            (1, 10.5, "CONFIRMED", False),  # tomorrow, 00:30
            (1, 3, "CANCELLED", False),
            (2, 10.25, "PENDING", True),  # 18:15
            (2, 15.5, "CONFIRMED", True),  # 23:30
            (3, 5.5, "CONFIRMED", True),  # 23:15
            (3, 6.5, "CONFIRMED", False),  # tomorrow, 00:15
        ]
    ):
        await visit(sql, 1, 1 + number % 3, hours, clinic_id=clinic, status=status)
        if shown:
            expected.append(((NOW + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ"), f"Clinic {clinic}"))
    query = "query ($id: ID!, $range: DateRange!) { doctorDashboard(doctorId: $id, range: $range) { agenda { %s } } }"
    async with Client.of(database) as client:
        answers = {
            viewer: (await client.ask(query % AGENDA, {"id": global_id("Doctor", 1), "range": DAY}, viewer=viewer)).data
            for viewer in ("doctor", "manager")
        }
    seen = {
        viewer: [(each["slot"]["start"], each["clinic"]["name"]) for each in data["doctorDashboard"]["agenda"]]
        for viewer, data in answers.items()
    }
    assert seen["doctor"] == sorted(expected)
    assert seen["manager"] == [each for each in sorted(expected) if each[1] == "Clinic 1"]
    (first, *_) = answers["doctor"]["doctorDashboard"]["agenda"]
    assert (first["patient"]["user"]["name"], first["payment"]["status"]) == ("Patient Z", "PENDING")


LISTS = {
    # One for the dashboard, the list, each relation; people behind doctors and patients may come in two turns.
    "doctorDashboard(doctorId: $id, range: $range) { agenda { %s } }": 9,
    "clinicDashboard(clinicId: $id, range: $range) { agenda(first: 100) { edges { node { %s } } } }": 9,
    "clinicDashboard(clinicId: $id, range: $range) { activity(first: 50) { appointment { %s } } }": 10,
}


@pytest.mark.parametrize("field", LISTS)
async def test_lists_take_as_many_statements_however_long(database: str, sql: asyncpg.Connection, field: str) -> None:
    kind = "Doctor" if field.startswith("doctor") else "Clinic"
    variables = {"id": global_id(kind, 1), "range": DAY}
    query = f"query ($id: ID!, $range: DateRange!) {{ {field % AGENDA} }}"
    step = "INSERT INTO appointment_timeline (appointment_id, to_status, actor_id) VALUES ($1, 'CONFIRMED', 2)"
    lengths = []
    async with Client.of(database) as client:
        for many in (3, 27):
            for number in range(many):
                await sql.execute(step, await visit(sql, 1, 1 + number % 3, 0.1 + (many + number) / 10))
            answer = await client.ask(query, variables, viewer="manager")
            assert answer.statements <= LISTS[field]
            lengths.append(len(str(answer.data)))
    assert lengths[1] > lengths[0]


async def test_a_section_that_fails_leaves_the_others(database: str, sql: asyncpg.Connection) -> None:
    query = """query ($id: ID!, $range: DateRange!) { clinicDashboard(clinicId: $id, range: $range) {
      statuses { total } utilisation { offered } revenue { currency } load { hour }
      nextSlot { start } leadTimes { appointments }
      before { statuses { total } } } }"""
    sections = {
        "roll_up_revenue": {"revenue"},
        "roll_up_hours": {"load"},
        "roll_up_counts": {"statuses", "utilisation", "before.statuses"},
        "roll_up_lead_times": {"leadTimes"},
        "holds": {"nextSlot"},
    }
    async with Client.of(database) as client:
        for table, failing in sections.items():
            await sql.execute(f"ALTER TABLE {table} RENAME TO unreadable")
            answer = await client.ask(query, {"id": global_id("Clinic", 1), "range": DAY})
            await sql.execute(f"ALTER TABLE unreadable RENAME TO {table}")
            assert {".".join(error["path"][1:]) for error in answer.body["errors"]} == failing, table
            assert set(answer.codes) == {"INTERNAL_SERVER_ERROR"}
            shown = answer.body["data"]["clinicDashboard"]
            assert {name for name, section in shown.items() if section is None} == failing - {"before.statuses"}


async def test_a_lapsed_booking_is_pending_until_it_is_released(database: str, sql: asyncpg.Connection) -> None:
    appointment = await visit(sql, 1, 1, 30, status="PENDING")
    await sql.execute("UPDATE appointments SET pay_by = $2 WHERE id = $1", appointment, NOW - timedelta(hours=1))
    query = """query ($id: ID!, $range: DateRange!) { doctorDashboard(doctorId: $id, range: $range) {
      statuses { pending cancelled } freedSeats { freed } } }"""
    variables = {"id": global_id("Doctor", 1), "range": {"from": "2026-06-16", "to": "2026-06-16"}}
    async with Client.of(database) as client:
        before = (await client.ask(query, variables)).data["doctorDashboard"]
        await sql.execute("UPDATE appointments SET status = 'CANCELLED' WHERE id = $1", appointment)
        after = (await client.ask(query, variables)).data["doctorDashboard"]
    assert before == {"statuses": {"pending": 1, "cancelled": 0}, "freedSeats": {"freed": 0}}
    assert after == {"statuses": {"pending": 0, "cancelled": 1}, "freedSeats": {"freed": 1}}


async def test_who_waits_is_counted_where_a_seat_would_do(database: str, sql: asyncpg.Connection) -> None:
    """Doctors 1 and 3 are general practitioners, 2 is a cardiologist who works at clinics 1 and 2."""
    columns = "patient_id, doctor_ids, clinic_ids, specialty, status"
    entry = f"INSERT INTO waitlist_entries ({columns}) VALUES (1, $1, $2, $3, $4)"
    for doctors, clinics, specialty, status in [
        ([], [], None, "WAITING"),
        ([1], [], None, "OFFERED"),
        ([2], [2], None, "WAITING"),
        ([], [1], "cardiology", "WAITING"),
        ([3], [1], None, "WAITING"),  # she does not work there: no seat will do
        ([1], [], None, "LEFT"),
    ]:
        await sql.execute(entry, doctors, clinics, specialty, status)
    doctor = "doctorDashboard(doctorId: $d{0}, range: $range) {{ waitlistLength }}"
    clinic = "clinicDashboard(clinicId: $c{0}, range: $range) {{ waitlistLength }}"
    names = [f"$d{n}: ID!, $c{n}: ID!" for n in (1, 2, 3)]
    fields = [f"d{n}: {doctor.format(n)} c{n}: {clinic.format(n)}" for n in (1, 2, 3)]
    fields.append("all: adminDashboard(range: $range) { waitlistLength }")
    query = f"query ({', '.join(names)}, $range: DateRange!) {{ {' '.join(fields)} }}"
    variables = {f"{kind[0].lower()}{n}": global_id(kind, n) for kind in ("Doctor", "Clinic") for n in (1, 2, 3)}
    async with Client.of(database) as client:
        data = (await client.ask(query, {**variables, "range": DAY})).data
    lengths = {name: dashboard["waitlistLength"] for name, dashboard in data.items()}
    assert lengths == {"d1": 2, "d2": 3, "d3": 1, "c1": 3, "c2": 2, "c3": 1, "all": 5}


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-01-02", "2026-01-01", "before"),
        ("2025-01-01", "2026-01-02", "366 days, not 367"),
        ("1899-12-31", "1900-01-01", "within 1900"),
        ("2199-12-31", "2200-01-01", "within 1900"),
    ],
)
async def test_ranges_that_cannot_be(client: Client, first: str, last: str, words: str) -> None:
    query = "query ($range: DateRange!) { adminDashboard(range: $range) { statuses { total } } }"
    answer = await client.ask(query, {"range": {"from": first, "to": last}})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert words in answer.body["errors"][0]["message"]


async def test_the_longest_and_the_earliest_range(client: Client) -> None:
    query = "query ($range: DateRange!) { adminDashboard(range: $range) { before { from to statuses { total } } } }"
    for first, last, before in [("2028-01-01", "2028-12-31", "2026-12-31"), ("1900-01-01", "1900-01-01", "1899-12-31")]:
        answer = await client.ask(query, {"range": {"from": first, "to": last}})
        assert answer.data["adminDashboard"]["before"]["from"] == before


@pytest.mark.parametrize(
    "field",
    [
        "topDoctorsByBookings(first: 0) { bookings }",
        "topClinicsByRevenue(first: 21) { clinic { id } }",
        "activity(first: 51) { at }",
    ],
)
async def test_lists_that_are_too_long(client: Client, field: str) -> None:
    query = f"query ($range: DateRange!) {{ adminDashboard(range: $range) {{ {field} statuses {{ total }} }} }}"
    answer = await client.ask(query, {"range": DAY})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.body["data"]["adminDashboard"]["statuses"]["total"] == 0


async def test_too_many_clinics_and_ids_of_other_things(client: Client) -> None:
    query = "query ($ids: [ID!], $range: DateRange!) { adminDashboard(clinicIds: $ids, range: $range) { from } }"
    for ids in ([global_id("Clinic", n) for n in range(1, 102)], [global_id("Doctor", 1)], ["?"]):
        assert (await client.ask(query, {"ids": ids, "range": DAY})).codes == ["BAD_USER_INPUT"]
    none = await client.ask(query.replace("from", "statuses { total }"), {"ids": [], "range": DAY})
    assert none.data == {"adminDashboard": {"statuses": {"total": 0}}}
