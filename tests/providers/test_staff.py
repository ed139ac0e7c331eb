"""Staff: taken on and dismissed, by those who manage the clinic."""

from typing import Any

from tests.client import Client
from tests.providers.asks import do, done, gid, outcome, said

ONE = gid("Clinic", 1)
PERSON = {"clinicId": ONE, "role": "STAFF", "name": "Sue Staff", "email": "sue@example.org"}
STAFF = "query ($id: ID!) { clinic(id: $id) { staff { role user { name } } } }"


async def test_a_manager_takes_on_staff(desk: Client, sql: Any) -> None:
    for viewer in ("anonymous", "patient", "doctor", "staff", "manager of another"):
        expected = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
        assert await outcome(desk, "addStaff", viewer, **PERSON) == expected, viewer
    member = (await done(desk, "addStaff", "manager", **PERSON))["staffMember"]
    assert (member["role"], member["clinic"], member["endedAt"]) == ("STAFF", {"id": ONE}, None)
    assert member["user"]["email"] == "sue@example.org"
    user = await sql.fetchrow("SELECT id, status FROM users WHERE email = 'sue@example.org'")
    assert user["status"] == "INVITED"
    assert await sql.fetchval("SELECT role FROM user_roles WHERE user_id = $1", user["id"]) == "STAFF"
    assert await sql.fetchval("SELECT kind FROM outgoing_mails WHERE user_id = $1", user["id"]) == "INVITATION"
    known = await do(desk, "addStaff", "manager", **PERSON)
    assert said(known) == [("EMAIL_ALREADY_REGISTERED", "email")]


async def test_managers_and_users_who_are_here_are_for_administrators(desk: Client) -> None:
    promoted = {**PERSON, "role": "MANAGER"}
    assert await outcome(desk, "addStaff", "manager", **promoted) == "FORBIDDEN"
    assert await outcome(desk, "addStaff", "admin", **promoted) == "done"
    here = {"clinicId": ONE, "role": "STAFF", "userId": gid("User", 2003)}
    assert await outcome(desk, "addStaff", "manager", **here) == "FORBIDDEN"
    assert await outcome(desk, "addStaff", "admin", **here) == "done"
    missing = await do(desk, "addStaff", "admin", **{**here, "userId": gid("User", 99)})
    assert said(missing) == [("NOT_FOUND", "userId")]


STAFF_CANNOT_BE: list[tuple[Any, ...]] = [
    ({"role": "DOCTOR"}, "role"),
    ({"role": "ADMIN"}, "role"),
    ({"name": " "}, "name"),
    ({"email": "nobody"}, "email"),
    ({"phone": "abc"}, "phone"),
    ({"language": "english"}, "language"),
    ({"name": None, "email": None}, "userId"),
    ({"userId": gid("User", 1)}, "userId"),
]


async def test_what_staff_cannot_be(desk: Client) -> None:
    for changes, field in STAFF_CANNOT_BE:
        assert said(await do(desk, "addStaff", "admin", **{**PERSON, **changes})) == [("VALIDATION_ERROR", field)]


async def test_managers_see_their_staff(desk: Client) -> None:
    seen = {
        "manager": ["Fred Front", "Mona Manager"],
        "admin": ["Fred Front", "Mona Manager"],
        "staff": ["Fred Front"],
        "manager of another": [],
        "doctor": [],
        "patient": [],
    }
    for viewer, names in seen.items():
        answer = await desk.ask(STAFF, {"id": ONE}, viewer=viewer)
        assert [member["user"]["name"] for member in answer.data["clinic"]["staff"]] == names, viewer
    assert (await desk.ask(STAFF, {"id": ONE}, viewer="anonymous")).codes == ["UNAUTHENTICATED"]


async def test_dismissing(desk: Client, sql: Any) -> None:
    ids = dict(await sql.fetch("SELECT user_id, id FROM staff"))
    fred, mona = gid("StaffMember", ids[2]), gid("StaffMember", ids[3])
    for viewer in ("anonymous", "patient", "staff"):
        expected = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
        assert await outcome(desk, "removeStaff", viewer, staffId=fred) == expected, viewer
    assert await outcome(desk, "removeStaff", "manager of another", staffId=fred) == "NOT_FOUND"
    assert await outcome(desk, "removeStaff", "manager", staffId=mona) == "FORBIDDEN"
    gone = (await done(desk, "removeStaff", "manager", staffId=fred))["staffMember"]
    assert gone["endedAt"] == "2026-06-15T12:00:00Z"
    assert await sql.fetch("SELECT FROM user_roles WHERE user_id = 2") == []
    assert said(await do(desk, "removeStaff", "manager", staffId=fred)) == [("CONFLICT", "staffId")]
    assert await outcome(desk, "removeStaff", "admin", staffId=mona) == "done"
    again = await done(desk, "addStaff", "admin", clinicId=ONE, role="STAFF", userId=gid("User", 2))
    assert again["staffMember"]["id"] == fred
