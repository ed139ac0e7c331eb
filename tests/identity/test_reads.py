"""Who people are: me, users, the audit log, and who viewed my record."""

from typing import Any

import asyncpg
import pytest

from auth.scopes import of_roles, written
from models.enums import Role
from schema.node import encode_id
from tests.client import VIEWERS, Client

ME = "{ me { id name email status roles scopes version doctor { id } patient { id } } }"
USERS = "query ($filter: UserFilter) { users(filter: $filter) { edges { node { id } } } }"
AUDIT = """
query ($filter: AuditLogFilter) {
  auditLog(filter: $filter) { edges { node { id at action entity entityId patientId clientId reason user { name } } } }
}
"""
ACCESS = """
query ($id: ID!) { patient(id: $id) { accessLog(first: 3) { edges { node { name roles application kind at } } } } }
"""


def ids(type_name: str, *numbers: int) -> list[str]:
    return [encode_id(type_name, number) for number in numbers]


@pytest.mark.parametrize("viewer", ["admin", "staff", "manager", "doctor", "patient"])
async def test_me(client: Client, viewer: str) -> None:
    who = VIEWERS[viewer]
    answer = await client.ask(ME, viewer=viewer)
    me = answer.body["data"]["me"]
    assert me["id"] == encode_id("User", who.user_id or 0)
    assert me["roles"] == [role.value for role in who.roles]
    assert me["scopes"] == written(who.scopes).split()
    assert (me["status"], me["version"]) == ("ACTIVE", 1)
    assert me["doctor"] == ({"id": encode_id("Doctor", who.doctor_id)} if who.doctor_id else None)
    assert me["patient"] == ({"id": encode_id("Patient", who.patient_id)} if who.patient_id else None)
    assert answer.statements == 2


async def test_me_is_nobody(client: Client) -> None:
    for viewer in ("anonymous", "service"):
        assert (await client.ask("{ me { id } }", viewer=viewer)).data == {"me": None}


async def test_what_others_see_of_a_user(client: Client) -> None:
    asked = "query ($id: ID!) { node(id: $id) { ... on User { name roles scopes status version lastLoginAt } } }"
    of = {"id": encode_id("User", 1001)}
    for viewer in ("patient", "staff", "doctor of another"):
        shown = (await client.ask(asked, of, viewer=viewer)).data["node"]
        assert shown.pop("name") == "Doctor A"
        assert set(shown.values()) == {None}
    shown = (await client.ask(asked, of, viewer="admin")).data["node"]
    assert (shown["roles"], shown["scopes"], shown["status"]) == (["DOCTOR"], None, "ACTIVE")


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ({}, [1, 1001, 1002, 1003, 2, 3, 4, 2003, 2002, 2001]),
        ({"search": "doc"}, [1001, 1002, 1003]),
        ({"email": "STAFF@example.org"}, [2]),
        ({"role": "STAFF"}, [2, 4]),
        ({"role": "PATIENT", "search": "z"}, [2001]),
        ({"status": "SUSPENDED"}, []),
        ({"clinicId": encode_id("Clinic", 1)}, [1001, 1002, 2, 3]),
        ({"clinicId": encode_id("Clinic", 1), "role": "DOCTOR"}, [1001, 1002]),
        ({"search": "doc", "status": "ACTIVE", "email": "doctor1@example.org"}, [1001]),
    ],
)
async def test_users(client: Client, filter: dict[str, Any], found: list[int]) -> None:
    answer = await client.ask(USERS, {"filter": filter}, viewer="admin")
    assert [edge["node"]["id"] for edge in answer.data["users"]["edges"]] == ids("User", *found)
    assert answer.statements == 1


async def test_users_and_the_audit_log_are_not_for_everybody(client: Client) -> None:
    for viewer in VIEWERS:
        for query in ("{ users { edges { node { id } } } }", "{ auditLog { edges { node { id } } } }"):
            answer = await client.ask(query, viewer=viewer)
            refusal = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
            assert answer.codes == ([] if viewer in ("admin", "service") else [refusal])


@pytest.mark.parametrize(
    "filter",
    [{"search": "-"}, {"email": "\0"}, {"clinicId": encode_id("User", 1)}, {"search": "x" * 300}],
)
async def test_users_cannot_be_asked_for_by_nonsense(client: Client, filter: dict[str, str]) -> None:
    assert (await client.ask(USERS, {"filter": filter}, viewer="admin")).codes == ["BAD_USER_INPUT"]


async def test_the_audit_log(writer: Client) -> None:
    await writer.ask("{ appointments(first: 1) { edges { node { id } } } }", viewer="staff")
    await writer.ask("{ patients { edges { node { id } } } }", viewer="doctor")

    async def log(**filter: Any) -> list[dict[str, Any]]:
        answer = await writer.ask(AUDIT, {"filter": filter}, viewer="admin")
        return [edge["node"] for edge in answer.data["auditLog"]["edges"]]

    seen = await log()
    assert [(each["user"]["name"], each["action"], each["entity"], each["patientId"]) for each in seen] == [
        ("Doctor A", "read", "Patient", encode_id("Patient", 1)),
        ("Fred Front", "read", "Appointment", encode_id("Patient", 1)),
    ]
    assert {each["at"] for each in seen} == {"2026-06-15T12:00:00Z"}
    assert await log(userId=encode_id("User", 2)) == seen[1:]
    assert await log(patientId=encode_id("Patient", 1)) == seen
    assert await log(patientId=encode_id("Patient", 2)) == []
    assert await log(entity="Patient", action="read") == seen[:1]
    assert await log(action="bookAppointment") == []
    assert await log(since="2026-06-15T12:00:00Z", until="2026-06-15T12:00:01Z") == seen
    assert await log(until="2026-06-15T12:00:00Z") == []
    node = await writer.ask(f'{{ node(id: "{seen[0]["id"]}") {{ id }} }}', viewer="patient")
    assert node.codes == ["FORBIDDEN"]


async def test_a_patient_sees_who_viewed_her_record(writer: Client, clinic: str) -> None:
    sql = await asyncpg.connect(clinic)
    await sql.execute("INSERT INTO oauth_clients (id, name) VALUES ('service', 'The lab')")
    await sql.close()
    await writer.ask("{ appointments(first: 1) { edges { node { id } } } }", viewer="staff")
    await writer.ask("{ patients(first: 1) { edges { node { id } } } }", viewer="service")
    hers = {"id": encode_id("Patient", 1)}
    await writer.ask(ACCESS, hers, viewer="patient")
    answer = await writer.ask(ACCESS, hers, viewer="patient")
    at = "2026-06-15T12:00:00Z"
    assert [edge["node"] for edge in answer.data["patient"]["accessLog"]["edges"]] == [
        {"name": None, "roles": [], "application": "The lab", "kind": "Patient", "at": at},
        {"name": "Fred Front", "roles": ["STAFF"], "application": None, "kind": "Appointment", "at": at},
    ]
    assert answer.statements == 2


@pytest.mark.parametrize(("viewer", "shown"), [("doctor", False), ("staff", False), ("admin", True), ("service", True)])
async def test_others_do_not_see_who_viewed_a_record(writer: Client, viewer: str, shown: bool) -> None:
    answer = await writer.ask(ACCESS, {"id": encode_id("Patient", 1)}, viewer=viewer)
    assert (answer.data["patient"]["accessLog"] is not None) is shown


async def test_nobody_who_lacks_a_role_gets_scopes_from_elsewhere(client: Client) -> None:
    assert (await client.ask("{ me { scopes roles } }", viewer="patient without scopes")).data == {
        "me": {"scopes": [], "roles": ["PATIENT"]}
    }
    assert "audit:read" not in of_roles([Role.MANAGER, Role.DOCTOR, Role.PATIENT, Role.STAFF])
