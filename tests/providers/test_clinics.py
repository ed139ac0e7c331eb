"""Clinics: opened, changed, ruled and closed, by those who may."""

import asyncio
from typing import Any

import pytest

from tests.client import Client
from tests.providers.asks import Clock, answer_of, do, done, gid, outcome, said, server_over

NEW: dict[str, Any] = {
    "name": "Harbour clinic",
    "address": "1 Quay",
    "city": "Hamburg",
    "postalCode": "20095",
    "country": "DE",
    "position": {"latitude": 53.55, "longitude": 9.99},
    "timeZone": "Europe/Berlin",
    "currency": "EUR",
    "phone": "040 1234567",
    "email": "Desk@Harbour.example.org",
}
ONE = gid("Clinic", 1)


async def test_an_administrator_opens_a_clinic(desk: Client, sql: Any) -> None:
    made = (await done(desk, "createClinic", "admin", **NEW))["clinic"]
    assert (made["name"], made["isActive"], made["version"]) == ("Harbour clinic", True, 1)
    row = await sql.fetchrow("SELECT id, phone, email FROM clinics ORDER BY id DESC LIMIT 1")
    assert (row["phone"], row["email"]) == ("+49401234567", "desk@harbour.example.org")
    events = await sql.fetch("SELECT name, payload FROM outbox_events WHERE aggregate = 'Clinic'")
    assert [event["name"] for event in events] == ["clinic.updated"]
    audited = await sql.fetch("SELECT action, user_id, entity_id FROM audit_records WHERE entity = 'Clinic'")
    assert [tuple(record) for record in audited] == [("createClinic", 1, row["id"])]


CLINIC_CANNOT_BE: list[tuple[Any, ...]] = [
    ("name", " ", "name"),
    ("name", "x" * 201, "name"),
    ("address", "a\0b", "address"),
    ("city", "", "city"),
    ("postalCode", "2009", "postalCode"),
    ("country", "XX", "country"),
    ("position", {"latitude": 91.0, "longitude": 0.0}, "latitude"),
    ("position", {"latitude": 0.0, "longitude": -181.0}, "longitude"),
    ("timeZone", "Europe/Atlantis", "timeZone"),
    ("currency", "EURO", "currency"),
    ("phone", "1" * 30, "phone"),
    ("phone", "9" * 500, "phone"),
    ("email", "nobody@", "email"),
    ("email", "x" * 400 + "@example.org", "email"),
]


async def test_what_a_clinic_cannot_be(desk: Client) -> None:
    for field, value, named in CLINIC_CANNOT_BE:
        refused = await do(desk, "createClinic", "admin", **{**NEW, field: value})
        assert said(refused) == [("VALIDATION_ERROR", named)]
        assert refused["clinic"] is None


async def test_all_that_is_wrong_is_said_at_once(desk: Client) -> None:
    refused = await do(desk, "createClinic", "admin", **{**NEW, "name": "", "currency": "?", "timeZone": "?"})
    assert {field for _, field in said(refused)} == {"name", "currency", "timeZone"}


MAY = {
    "anonymous": "UNAUTHENTICATED",
    "patient": "FORBIDDEN",
    "stranger": "FORBIDDEN",
    "doctor": "FORBIDDEN",
    "staff": "FORBIDDEN",
    "manager of another": "FORBIDDEN",
    "patient without scopes": "FORBIDDEN",
}


@pytest.mark.parametrize("viewer", [*MAY, "manager", "admin", "service"])
async def test_who_may_what(desk: Client, viewer: str) -> None:
    for_managers: dict[str, dict[str, Any]] = {
        "updateClinic": {"version": 1, "name": "Renamed"},
        "setClinicPolicy": {"noticeToBookMinutes": 60},
        "addClosingDay": {"day": "2026-12-24"},
        "removeClosingDay": {"day": "2026-12-24"},
    }
    for mutation, given in for_managers.items():
        assert await outcome(desk, mutation, viewer, clinicId=ONE, **given) == MAY.get(viewer, "done"), mutation
    expected = "FORBIDDEN" if viewer == "manager" else MAY.get(viewer, "done")
    assert await outcome(desk, "createClinic", viewer, **NEW) == expected
    assert await outcome(desk, "deactivateClinic", viewer, clinicId=ONE, dryRun=True) == expected
    assert await outcome(desk, "reactivateClinic", viewer, clinicId=ONE) == expected


async def test_what_is_not_sent_stays_and_null_clears(desk: Client, sql: Any) -> None:
    await done(desk, "updateClinic", "manager", clinicId=ONE, version=1, phone=None, name="  Renamed ")
    row = await sql.fetchrow("SELECT name, phone, email, city, version FROM clinics WHERE id = 1")
    assert tuple(row) == ("Renamed", None, "clinic1@example.org", "Berlin", 2)
    refused = await do(desk, "updateClinic", "manager", clinicId=ONE, version=2, name=None)
    assert said(refused) == [("VALIDATION_ERROR", "name")]


async def test_the_zone_stays_once_there_are_slots(desk: Client) -> None:
    refused = await do(desk, "updateClinic", "admin", clinicId=ONE, version=1, timeZone="Asia/Tokyo", currency="JPY")
    assert said(refused) == [("VALIDATION_ERROR", "timeZone"), ("VALIDATION_ERROR", "currency")]
    await done(desk, "updateClinic", "admin", clinicId=ONE, version=1, timeZone="Europe/Berlin")


async def test_ids_of_other_things(desk: Client) -> None:
    for wrong in (gid("Doctor", 1), "nonsense", "", "x" * 5000):
        refused = await do(desk, "updateClinic", "admin", clinicId=wrong, version=1, name="A")
        assert said(refused) == [("VALIDATION_ERROR", "clinicId")]
    missing = await do(desk, "updateClinic", "admin", clinicId=gid("Clinic", 99), version=1, name="A")
    assert said(missing) == [("NOT_FOUND", "clinicId")]


async def test_two_editors_at_once(clinic: str, desk: Client) -> None:
    async with server_over(clinic) as other:
        payloads = await asyncio.gather(
            *(
                do(server, "updateClinic", viewer, clinicId=ONE, version=1, name=name)
                for server, viewer, name in ((desk, "manager", "Mine"), (other, "admin", "Hers"))
            )
        )
    lost = [payload for payload in payloads if payload["userErrors"]]
    won = [payload for payload in payloads if not payload["userErrors"]]
    assert [said(payload) for payload in lost] == [[("CONFLICT", "version")]]
    # Whoever lost is shown the record as it is now.
    assert lost[0]["clinic"]["name"] == won[0]["clinic"]["name"]
    assert lost[0]["clinic"]["version"] == 2


async def test_the_same_key_does_it_once(desk: Client, sql: Any) -> None:
    first = await done(desk, "createClinic", "admin", **NEW, idempotencyKey="once")
    again = await done(desk, "createClinic", "admin", **NEW, idempotencyKey="once")
    assert first == again
    assert await sql.fetchval("SELECT count(*) FROM clinics") == 4
    other = await do(desk, "createClinic", "admin", **{**NEW, "name": "Other"}, idempotencyKey="once")
    assert said(other) == [("IDEMPOTENCY_CONFLICT", "idempotencyKey")]


async def test_a_policy_has_versions(desk: Client) -> None:
    first = await done(desk, "setClinicPolicy", "manager", clinicId=ONE, noticeToCancelMinutes=1440, lateFee=2000)
    assert first["clinic"]["policy"] == {"version": 1, "confirmation": "AUTOMATIC"}
    second = await done(
        desk, "setClinicPolicy", "manager", clinicId=ONE, version=1, confirmation="PAYMENT", paymentWindowMinutes=30
    )
    assert second["clinic"]["policy"] == {"version": 2, "confirmation": "PAYMENT"}
    late = await do(desk, "setClinicPolicy", "manager", clinicId=ONE, version=1, confirmation="STAFF")
    assert said(late) == [("CONFLICT", "version")]
    assert late["clinic"]["policy"]["version"] == 2
    document = "query ($id: ID!) { clinic(id: $id) { policy { noticeToCancelMinutes lateFee paymentWindowMinutes } } }"
    answer = await desk.ask(document, {"id": ONE}, viewer="anonymous")
    policy = {"noticeToCancelMinutes": 1440, "lateFee": 2000, "paymentWindowMinutes": 30}
    assert answer.data["clinic"]["policy"] == policy
    await done(desk, "setClinicPolicy", "manager", clinicId=ONE, confirmation="STAFF")
    answer = await desk.ask(document, {"id": ONE}, viewer="anonymous")
    assert answer.data["clinic"]["policy"] == {**policy, "paymentWindowMinutes": None}


@pytest.mark.parametrize(
    ("input", "named"),
    [
        ({"noticeToBookMinutes": -1}, "noticeToBookMinutes"),
        ({"noticeToCancelMinutes": 366 * 1440 + 1}, "noticeToCancelMinutes"),
        ({"maxReschedules": -1}, "maxReschedules"),
        ({"lateFee": -1}, "lateFee"),
        ({"noShowFee": 10**12}, "noShowFee"),
        ({"holdMinutes": 0}, "holdMinutes"),
        ({"offerMinutes": None}, "offerMinutes"),
        ({"confirmation": None}, "confirmation"),
        ({"confirmation": "PAYMENT"}, "paymentWindowMinutes"),
        ({"confirmation": "STAFF", "paymentWindowMinutes": 30}, "paymentWindowMinutes"),
    ],
)
async def test_what_a_policy_cannot_be(desk: Client, input: dict[str, Any], named: str) -> None:
    assert said(await do(desk, "setClinicPolicy", "manager", clinicId=ONE, **input)) == [("VALIDATION_ERROR", named)]


async def test_closing_for_a_day(desk: Client, sql: Any) -> None:
    asked = {"clinicId": ONE, "day": "2026-06-16"}
    dry = await done(desk, "addClosingDay", "manager", **asked, dryRun=True)
    assert dry["affectedAppointments"] == {
        "count": 1,
        "appointments": [{"id": gid("Appointment", 12), "status": "CONFIRMED"}],
    }
    assert dry["clinic"]["closingDays"] == []
    refused = await do(desk, "addClosingDay", "manager", **asked)
    assert said(refused) == [("CONFLICT", "appointments")]
    assert refused["affectedAppointments"]["count"] == 1
    unsaid = await do(desk, "addClosingDay", "manager", **asked, appointments="CANCEL")
    assert said(unsaid) == [("VALIDATION_ERROR", "reason")]
    closed = await done(desk, "addClosingDay", "manager", **asked, appointments="CANCEL", reason="Water damage")
    assert closed["affectedAppointments"]["appointments"] == [{"id": gid("Appointment", 12), "status": "CANCELLED"}]
    assert closed["clinic"]["closingDays"] == [{"day": "2026-06-16", "reason": "Water damage"}]
    assert (
        await sql.fetchval("SELECT bool_or(is_active) FROM slots WHERE clinic_id = 1 AND local_day = '2026-06-16'")
        is False
    )
    assert await sql.fetchval("SELECT bool_and(is_active) FROM slots WHERE clinic_id = 1 AND local_day > '2026-06-16'")
    opened = await done(desk, "removeClosingDay", "manager", **asked)
    assert opened["clinic"]["closingDays"] == []
    assert said(await do(desk, "removeClosingDay", "manager", **asked)) == [("NOT_FOUND", "day")]
    for day in ("2026-06-14", "2099-01-01"):
        assert said(await do(desk, "addClosingDay", "manager", clinicId=ONE, day=day)) == [("VALIDATION_ERROR", "day")]


async def test_closing_a_clinic(desk: Client, sql: Any) -> None:
    asked = {"clinicId": ONE, "appointments": "CANCEL", "reason": "We move"}
    dry = await done(desk, "deactivateClinic", "admin", **asked, dryRun=True)
    assert (dry["affectedAppointments"]["count"], dry["clinic"]["isActive"]) == (1, True)
    closed = await done(desk, "deactivateClinic", "admin", **asked)
    assert (closed["affectedAppointments"]["count"], closed["clinic"]["isActive"]) == (1, False)
    cancelled = await sql.fetchrow("SELECT status, cancel_reason FROM appointments WHERE id = 12")
    assert tuple(cancelled) == ("CANCELLED", "We move")
    # The holds of seats that are no more are let go.
    assert await sql.fetchval("SELECT count(*) FROM holds WHERE released_at IS NULL") == 0
    assert await outcome(desk, "holdSlot", "patient", slotId=gid("Slot", 150)) == "SLOT_UNAVAILABLE"
    free = await desk.ask("{ slots(first: 50) { edges { node { clinic { id } } } } }", viewer="anonymous")
    assert ONE not in {edge["node"]["clinic"]["id"] for edge in free.data["slots"]["edges"]}
    assert (await desk.ask(f'{{ clinic(id: "{ONE}") {{ id }} }}', viewer="anonymous")).data == {"clinic": None}
    opened = await done(desk, "reactivateClinic", "admin", clinicId=ONE)
    assert opened["clinic"]["isActive"]


async def test_the_list_an_administrator_works_with(desk: Client, sql: Any, clock: Clock) -> None:
    await done(desk, "createClinic", "admin", **NEW)
    names = "{ clinics(%s) { edges { cursor node { name } } pageInfo { hasNextPage } } }"

    async def asked(arguments: str, viewer: str = "admin") -> list[str]:
        answer = await desk.ask(names % arguments, viewer=viewer)
        return [edge["node"]["name"] for edge in answer.data["clinics"]["edges"]]

    assert await asked("filter: {withoutSlotsAhead: true}") == ["Harbour clinic"]
    assert await asked("filter: {isActive: false}") == []
    # Clinic 2 has two appointments tomorrow, the others one, the new one none.
    busiest = ["Clinic 2", "Clinic 3", "Clinic 1", "Harbour clinic"]
    assert await asked("orderBy: LOAD") == busiest
    first = await desk.ask(names % "orderBy: LOAD, first: 2", viewer="admin")
    cursor = first.data["clinics"]["edges"][-1]["cursor"]
    assert await asked(f'orderBy: LOAD, first: 2, after: "{cursor}"') == busiest[2:]
    for arguments in ("orderBy: LOAD", "filter: {withoutSlotsAhead: true}"):
        assert (await desk.ask(names % arguments, viewer="patient")).codes == ["FORBIDDEN"]
    assert (await answer_of(desk, "createClinic", "anonymous", **NEW)).codes == ["UNAUTHENTICATED"]
