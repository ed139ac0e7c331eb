"""CSV exports: the figures of the dashboards, as files that no spreadsheet runs."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from starlette.types import Message

from models.enums import AppointmentStatus
from server.app import create_app
from server.exports import appointments as appointment_pages
from server.exports.csv import written
from server.settings import Settings
from server.wire import Wire
from tests.client import Client, viewer_of
from tests.clinic_data import NOW
from tests.dashboards.test_dashboards import global_id

RANGE = {"from": "2026-06-10", "to": "2026-06-20"}
YEAR = {"from": "2026-01-01", "to": "2026-12-31"}
FIGURES = """
  statuses { completed cancelled total cancellationRate noShowRate } utilisation { offered taken rate }
  patients { new returning } freedSeats { freed filledAgain } revenue { net { amount currency } }
  revenueByDay { day captured { amount currency } refunded { amount } net { amount } }
  leadTimes { histogram { days appointments } }
"""


def doctor(number: int) -> dict[str, str]:
    return {"doctorId": global_id("Doctor", number)}


def clinic(number: int) -> dict[str, str]:
    return {"clinicId": global_id("Clinic", number)}


async def get(client: Client, table: str, viewer: str = "admin", **parameters: str) -> httpx.Response:
    return await client.http.get(f"/exports/{table}.csv", params=parameters, headers={"x-test-viewer": viewer})


async def rows(client: Client, table: str, viewer: str = "admin", **parameters: str) -> list[dict[str, str]]:
    response = await get(client, table, viewer, **parameters)
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text)))


@pytest.fixture
async def sql(clinic: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(clinic)
    yield connection
    await connection.close()


async def test_days_add_up_to_the_dashboard(client: Client) -> None:
    data = await client.ask(
        f"query ($range: DateRange!) {{ adminDashboard(range: $range) {{ {FIGURES} }} }}",
        {"range": RANGE},
        viewer="admin",
    )
    figures = data.data["adminDashboard"]
    days = await rows(client, "days", **RANGE)
    assert [row["day"] for row in days] == [f"2026-06-{day}" for day in range(10, 21)]

    def total(column: str) -> int:
        return sum(int(row[column]) for row in days)

    assert total("appointments") == figures["statuses"]["total"] > 0
    assert total("completed") == figures["statuses"]["completed"]
    assert (total("seats_offered"), total("seats_taken")) == (
        figures["utilisation"]["offered"],
        figures["utilisation"]["taken"],
    )
    assert (total("new_patients"), total("returning_patients")) == (
        figures["patients"]["new"],
        figures["patients"]["returning"],
    )
    assert (total("seats_freed"), total("seats_filled_again")) == (
        figures["freedSeats"]["freed"],
        figures["freedSeats"]["filledAgain"],
    )
    assert {each["net"]["currency"]: each["net"]["amount"] for each in figures["revenue"]} == {
        "EUR": total("revenue_minor_EUR")
    }
    assert await rows(client, "revenue", **RANGE) == [
        {
            "day": each["day"],
            "currency": each["captured"]["currency"],
            "captured_minor": str(each["captured"]["amount"]),
            "refunded_minor": str(each["refunded"]["amount"]),
            "net_minor": str(each["net"]["amount"]),
        }
        for each in figures["revenueByDay"]
    ]
    assert await rows(client, "lead-times", **RANGE) == [
        {"lead_days": str(each["days"]), "appointments": str(each["appointments"])}
        for each in figures["leadTimes"]["histogram"]
    ]


@pytest.mark.parametrize("table", ["doctors", "clinics"])
async def test_members_add_up_to_everything(client: Client, table: str) -> None:
    whole = await rows(client, "days", **RANGE)
    parts = await rows(client, table, **RANGE)
    assert len(parts) == 3
    for column in ("seats_offered", "appointments", "cancelled", "revenue_minor_EUR"):
        assert sum(int(row[column]) for row in parts) == sum(int(row[column]) for row in whole), column


async def test_each_sees_the_tables_of_her_dashboard(client: Client) -> None:
    assert [row["doctor"] for row in await rows(client, "doctors", "doctor", **RANGE, **doctor(1))] == ["Doctor A"]
    assert [row["clinic"] for row in await rows(client, "clinics", "doctor", **RANGE, **doctor(1))] == ["Clinic 1"]
    managed = await rows(client, "doctors", "manager", **RANGE, **clinic(1))
    assert [row["doctor"] for row in managed] == ["Doctor A", "Doctor B"]
    assert managed[1]["appointments"] == "0", "what she does elsewhere is not this clinic's"
    service = await rows(client, "specialties", "service", **RANGE)
    assert service == await rows(client, "specialties", "admin", **RANGE)
    assert {row["weekday"] for row in await rows(client, "load", "manager", **RANGE, **clinic(1))} == {"6", "2"}


async def test_the_appointments_of_a_range(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await get(client, "appointments", **YEAR)
    found = list(csv.DictReader(io.StringIO(whole.text)))
    assert len(found) == 10
    assert found[0] == {
        "day": "2026-06-13",
        "time": "11:00",
        "starts_at": "2026-06-13T09:00:00Z",
        "status": "COMPLETED",
        "ends_at": "2026-06-13T09:30:00Z",
        "clinic": "Clinic 1",
        "doctor": "Doctor A",
        "patient": "Patient Z",
        "specialty": "General practice",
        "first_visit": "yes",
        "booked_at": "2026-06-01T08:01:00Z",
        "payment_status": "CAPTURED",
        "payment_minor": "5000",
        "currency": "EUR",
    }
    monkeypatch.setattr(appointment_pages, "AT_ONCE", 3)
    assert (await get(client, "appointments", **YEAR)).text == whole.text, "pages leave no seam"
    hers = await rows(client, "appointments", "doctor", **YEAR, **doctor(1))
    assert [row["doctor"] for row in hers] == ["Doctor A"] * len(hers) == ["Doctor A"] * 3
    assert await rows(client, "appointments", "manager", **YEAR, **clinic(1)) == [
        row for row in found if row["clinic"] == "Clinic 1"
    ]
    day = {"from": "2026-06-13", "to": "2026-06-13"}
    assert len(await rows(client, "appointments", **day)) == 3


@pytest.mark.parametrize(
    ("viewer", "table", "parameters", "status", "code"),
    [
        ("anonymous", "days", RANGE, 401, "UNAUTHENTICATED"),
        ("patient", "days", RANGE, 403, "FORBIDDEN"),
        ("staff", "days", RANGE | clinic(1), 403, "FORBIDDEN"),
        ("doctor", "days", RANGE, 403, "FORBIDDEN"),
        ("doctor", "days", RANGE | clinic(1), 403, "FORBIDDEN"),
        ("manager", "days", RANGE, 403, "FORBIDDEN"),
        ("doctor", "days", RANGE | doctor(3), 404, "NOT_FOUND"),
        ("doctor", "days", RANGE | doctor(999), 404, "NOT_FOUND"),
        ("doctor", "days", RANGE | doctor(1) | clinic(2), 404, "NOT_FOUND"),
        ("manager", "appointments", RANGE | clinic(2), 404, "NOT_FOUND"),
        ("manager", "appointments", RANGE | clinic(999), 404, "NOT_FOUND"),
        ("admin", "secrets", RANGE, 404, "NOT_FOUND"),
        ("admin", "load", RANGE | doctor(1), 400, "BAD_USER_INPUT"),
        ("admin", "days", {}, 400, "BAD_USER_INPUT"),
        ("admin", "days", {"from": "2026-06-10"}, 400, "BAD_USER_INPUT"),
        ("admin", "days", {"from": "yesterday", "to": "2026-06-10"}, 400, "BAD_USER_INPUT"),
        ("admin", "days", {"from": "2026-06-20", "to": "2026-06-10"}, 400, "BAD_USER_INPUT"),
        ("admin", "days", {"from": "2020-01-01", "to": "2026-06-10"}, 400, "BAD_USER_INPUT"),
        ("admin", "days", {"from": "0001-01-01", "to": "0001-01-02"}, 400, "BAD_USER_INPUT"),
        ("admin", "days", RANGE | {"doctorId": "1"}, 400, "BAD_USER_INPUT"),
        ("admin", "days", RANGE | {"doctorId": global_id("Clinic", 1)}, 400, "BAD_USER_INPUT"),
        ("admin", "days", RANGE | {"access_token": "secret"}, 400, "BAD_USER_INPUT"),
    ],
)
async def test_what_may_not_be_had(
    client: Client, viewer: str, table: str, parameters: dict[str, str], status: int, code: str
) -> None:
    response = await get(client, table, viewer, **parameters)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["code"] == code
    assert response.headers.get("www-authenticate", "").startswith(
        {401: "Bearer", 403: 'Bearer error="insufficient_scope"'}.get(status, "")
    )


async def test_nothing_runs_in_a_spreadsheet(writer: Client, sql: asyncpg.Connection) -> None:
    name = '=HYPERLINK("http://example.org","Click, here")'
    await sql.execute("UPDATE users SET name = $1 WHERE id = 2001", name)
    await sql.execute("UPDATE users SET name = '@SUM(1+1)' WHERE id = 1001")
    response = await get(writer, "appointments", bom="1", **YEAR)
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == ('attachment; filename="appointments-2026-01-01-2026-12-31.csv"')
    assert response.headers["cache-control"] == "private, no-store"
    assert response.content.startswith(b"\xef\xbb\xbfday,")
    assert response.content.count(b"\r\n") == response.content.count(b"\n") == 11
    found = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert f"'{name}" in {row["patient"] for row in found}
    assert {row["doctor"] for row in found} == {"'@SUM(1+1)", "Doctor B", "Doctor C"}
    assert not [cell for row in found for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_cells() -> None:
    unsafe = ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "\uff1d1"]
    assert written([unsafe]) == ",".join(f'"\'{cell}"' if cell[0] in "\r\n" else f"'{cell}" for cell in unsafe) + "\r\n"
    assert written([(-5, -0.25, None, 1 / 3, 'a "b", c', AppointmentStatus.NO_SHOW)]) == (
        '-5,-0.25,,0.333333,"a ""b"", c",NO_SHOW\r\n'
    )


async def test_what_takes_too_long_is_a_problem_too(clinic: str, sql: asyncpg.Connection) -> None:
    settings = Settings(wire=Wire(operation_timeout=0.2))
    app = create_app(clinic, settings, viewer_of=viewer_of, clock=lambda: NOW)
    async with app.lifespan, sql.transaction():
        await sql.execute("LOCK TABLE roll_up_counts")
        client = Client(app)
        async with client.http:
            response = await get(client, "days", **RANGE)
    assert response.status_code == 503
    assert response.json()["code"] == "TIMEOUT"
    assert response.headers["content-type"] == "application/problem+json"


async def test_it_is_recorded_who_took_what(writer: Client, sql: asyncpg.Connection) -> None:
    response = await get(writer, "appointments", "manager", **YEAR, **clinic(1))
    records = await sql.fetch(
        "SELECT action, entity, patient_id, user_id FROM audit_records WHERE request_id = $1 ORDER BY 1, 2, 3",
        response.headers["x-request-id"],
    )
    assert ("export", "appointments.csv", None, 3) in [tuple(record) for record in records]
    assert {(record["entity"], record["patient_id"]) for record in records if record["action"] == "read"} == {
        ("Appointment,Patient", 1),
        ("Payment", 1),
    }
    assert {record["user_id"] for record in records} == {3}
    refused = await get(writer, "appointments", "manager", **YEAR, **clinic(2))
    assert not await sql.fetchval(
        "SELECT count(*) FROM audit_records WHERE request_id = $1", refused.headers["x-request-id"]
    )


async def test_years_of_appointments_are_read_as_they_are_taken(
    clinic: str, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that stops taking is waited for, one that hangs up stops the reading, and no page is kept."""
    monkeypatch.setattr(appointment_pages, "AT_ONCE", 1)
    async with Client.of(clinic) as opened:
        parts: list[bytes] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body" and message["body"]:
                parts.append(message["body"])
            if len(parts) == 4:
                raise OSError("gone")

        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "method": "GET",
            "path": "/exports/appointments.csv",
            "raw_path": b"",
            "root_path": "",
            "scheme": "http",
            "query_string": b"from=2026-01-01&to=2026-12-31",
            "http_version": "1.1",
            "state": {},
            "headers": [(b"x-test-viewer", b"admin")],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
        }
        with pytest.raises(Exception, match=r"^$|gone"):
            await opened.app(scope, receive, send)
        read = await sql.fetchval("SELECT count(*) FROM audit_records WHERE action = 'read' AND entity = 'Appointment'")
        assert len(parts) == 4
        assert read <= 8, "the rest was not read: of each page one more than is shown"
