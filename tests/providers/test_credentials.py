"""Credentials: handed in, judged by others, good until a day, and what that does to free slots."""

from datetime import UTC, datetime, timedelta
from typing import Any

from auth.viewer import Viewer
from domain.providers.announce_expiring import announce_expiring
from domain.session import Session
from tests.client import Client
from tests.clinic_data import NOW
from tests.providers.asks import Clock, do, done, gid, outcome, said

LICENCE = {"kind": "LICENCE", "number": "L-100", "expiresOn": "2028-01-01", "documents": ["vault:1"]}
DOCTOR = gid("Doctor", 1)
EXPIRING = "query ($days: Int!) { credentialsExpiring(within: $days) { edges { node { number status } } } }"


async def handed_in(desk: Client, **more: Any) -> str:
    credential = (await done(desk, "submitCredential", "doctor", **{**LICENCE, **more}))["credential"]
    assert credential["status"] == "SUBMITTED"
    return str(credential["id"])


async def test_who_hands_in_for_whom(desk: Client) -> None:
    for viewer in ("patient", "staff", "manager of another", "doctor of another"):
        assert await outcome(desk, "submitCredential", viewer, doctorId=DOCTOR, **LICENCE) == "FORBIDDEN", viewer
    assert await outcome(desk, "submitCredential", "anonymous", **LICENCE) == "UNAUTHENTICATED"
    for viewer in ("patient", "service"):
        assert await outcome(desk, "submitCredential", viewer, **LICENCE) == "FORBIDDEN"
    for viewer in ("doctor", "manager", "admin", "service"):
        credential = (await done(desk, "submitCredential", viewer, doctorId=DOCTOR, **LICENCE))["credential"]
        assert (credential["doctor"], credential["documents"]) == ({"id": DOCTOR}, ["vault:1"])


CREDENTIAL_CANNOT_BE: list[tuple[Any, ...]] = [
    ("number", ""),
    ("number", "x" * 50),
    ("issuer", "x" * 201),
    ("issuedOn", "2026-06-16"),
    ("expiresOn", "2026-06-15"),
    ("documents", ["x" * 501]),
]


async def test_what_a_credential_cannot_be(desk: Client) -> None:
    for field, value in CREDENTIAL_CANNOT_BE:
        refused = await do(desk, "submitCredential", "doctor", **{**LICENCE, field: value})
        assert said(refused) == [("VALIDATION_ERROR", field)]


async def test_who_sees_them(desk: Client) -> None:
    credential = await handed_in(desk)
    node = "query ($id: ID!) { node(id: $id) { ... on Credential { number documents } } }"
    shown = {"number": "L-100", "documents": ["vault:1"]}
    for viewer in ("doctor", "manager", "admin", "service"):
        assert (await desk.ask(node, {"id": credential}, viewer=viewer)).data == {"node": shown}, viewer
    for viewer in ("patient", "staff", "manager of another", "doctor of another"):
        assert (await desk.ask(node, {"id": credential}, viewer=viewer)).body["data"]["node"] is None, viewer
    assert (await desk.ask(node, {"id": credential}, viewer="anonymous")).codes == ["UNAUTHENTICATED"]


async def test_others_judge(desk: Client) -> None:
    credential = await handed_in(desk)
    asked = {"credentialId": credential, "decision": "APPROVED"}
    for viewer in ("anonymous", "patient", "doctor", "staff", "manager", "reviewing doctor"):
        expected = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
        assert await outcome(desk, "reviewCredential", viewer, **asked) == expected, viewer
    unsaid = await do(desk, "reviewCredential", "admin", credentialId=credential, decision="REJECTED")
    assert said(unsaid) == [("VALIDATION_ERROR", "reason")]
    wrong = await do(desk, "reviewCredential", "admin", credentialId=credential, decision="EXPIRED")
    assert said(wrong) == [("VALIDATION_ERROR", "decision")]
    late = await do(desk, "reviewCredential", "admin", **asked, version=7)
    assert (said(late), late["credential"]["version"]) == ([("CONFLICT", "version")], 1)
    approved = await done(desk, "reviewCredential", "admin", **asked)
    assert approved["credential"]["status"] == "APPROVED"
    assert said(await do(desk, "reviewCredential", "admin", **asked)) == [("CONFLICT", "credentialId")]
    missing = await do(desk, "reviewCredential", "admin", **{**asked, "credentialId": gid("Credential", 99)})
    assert said(missing) == [("NOT_FOUND", "credentialId")]


async def test_the_best_licence_counts(desk: Client, sql: Any) -> None:
    expiry = "SELECT licence_expires_on::text FROM doctors WHERE id = 1"
    for expires_on, then in (
        ("2027-01-01", "2027-01-01"),
        ("2029-01-01", "2029-01-01"),
        ("2028-01-01", "2029-01-01"),
    ):
        credential = await handed_in(desk, expiresOn=expires_on)
        await done(desk, "reviewCredential", "admin", credentialId=credential, decision="APPROVED")
        assert await sql.fetchval(expiry) == then
    insurance = await handed_in(desk, kind="INSURANCE", expiresOn="2026-07-01")
    await done(desk, "reviewCredential", "admin", credentialId=insurance, decision="APPROVED")
    assert await sql.fetchval(expiry) == "2029-01-01"
    taken = await handed_in(desk, number="L2-X")
    await sql.execute("UPDATE doctors SET licence_number = 'L2-X' WHERE id = 2")
    refused = await do(desk, "reviewCredential", "admin", credentialId=taken, decision="APPROVED")
    assert said(refused) == [("CONFLICT", "credentialId")]


async def test_from_its_last_day_on_no_slot_is_free(desk: Client, sql: Any, clock: Clock) -> None:
    """At that instant, without a job, however one asks for the slot."""
    credential = await handed_in(desk, expiresOn="2026-06-17")
    await done(desk, "reviewCredential", "admin", credentialId=credential, decision="APPROVED")
    free = """query ($doctor: ID!) {
      slots(first: 50, filter: {doctorIds: [$doctor]}) { edges { node { id } } }
      doctor(id: $doctor) { nextSlots(first: 9) { id } }
    }"""

    async def offered() -> set[str]:
        answer = await desk.ask(free, {"doctor": DOCTOR}, viewer="anonymous")
        listed = {edge["node"]["id"] for edge in answer.data["slots"]["edges"]}
        assert listed == {slot["id"] for slot in answer.data["doctor"]["nextSlots"]}
        return listed

    # Tomorrow is the 16th: 140 is taken, 141 has one seat left. From the 17th on nothing is offered.
    assert await offered() == {gid("Slot", 141)}
    assert await outcome(desk, "holdSlot", "stranger", slotId=gid("Slot", 141)) == "done"
    for mutation in ("holdSlot", "bookAppointment"):
        assert await outcome(desk, mutation, "stranger", slotId=gid("Slot", 160)) == "SLOT_UNAVAILABLE"
    renewed = await handed_in(desk, number="L-101", expiresOn="2026-06-18")
    assert len(await offered()) < 2
    await done(desk, "reviewCredential", "admin", credentialId=renewed, decision="APPROVED")
    assert gid("Slot", 150) in await offered()
    # It is the day in the clinic's zone that counts: the slots of the 18th stay hidden.
    assert gid("Slot", 160) not in await offered()
    clock.now = datetime(2026, 6, 18, 0, 0, tzinfo=UTC)
    node = "query ($id: ID!) { node(id: $id) { ... on Credential { status } } }"
    for viewer in ("doctor", "admin"):
        assert (await desk.ask(node, {"id": renewed}, viewer=viewer)).data == {"node": {"status": "EXPIRED"}}


async def test_what_expires_soon(desk: Client) -> None:
    for number, expires_on in (
        ("B-20", "2026-07-05"),
        ("A-10", "2026-06-25"),
        ("C-60", "2026-08-14"),
        ("D-00", None),
    ):
        credential = await handed_in(desk, kind="OTHER", number=number, expiresOn=expires_on)
        await done(desk, "reviewCredential", "admin", credentialId=credential, decision="APPROVED")
    await handed_in(desk, kind="OTHER", number="E-10", expiresOn="2026-06-25")

    async def asked(days: int, viewer: str) -> list[str]:
        answer = await desk.ask(EXPIRING, {"days": days}, viewer=viewer)
        return [edge["node"]["number"] for edge in answer.data["credentialsExpiring"]["edges"]]

    for viewer in ("admin", "manager", "doctor", "service"):
        assert await asked(30, viewer) == ["A-10", "B-20"], viewer
    assert await asked(366, "admin") == ["A-10", "B-20", "C-60"]
    for viewer in ("manager of another", "doctor of another"):
        assert await asked(366, viewer) == []
    for viewer, code in (("anonymous", "UNAUTHENTICATED"), ("patient", "FORBIDDEN"), ("staff", "FORBIDDEN")):
        assert (await desk.ask(EXPIRING, {"days": 30}, viewer=viewer)).codes == [code]
    for days in (0, 367, -1):
        assert (await desk.ask(EXPIRING, {"days": days}, viewer="admin")).codes == ["BAD_USER_INPUT"]
    first = "{ credentialsExpiring(within: 366, first: 1, after: %s) { edges { cursor node { number } } } }"
    page = (await desk.ask(first % "null", viewer="admin")).data["credentialsExpiring"]["edges"][0]
    following = (await desk.ask(first % f'"{page["cursor"]}"', viewer="admin")).data["credentialsExpiring"]["edges"][0]
    assert (page["node"]["number"], following["node"]["number"]) == ("A-10", "B-20")


async def test_it_is_told_ahead_of_time_and_once(desk: Client, sql: Any) -> None:
    credential = await handed_in(desk, expiresOn="2026-07-20")
    await done(desk, "reviewCredential", "admin", credentialId=credential, decision="APPROVED")

    async def told(now: datetime) -> list[int]:
        session = Session(sql, Viewer(client_id="worker", is_service=True), now, "request", "announceExpiring")
        async with sql.transaction():
            await announce_expiring(session)
            await session.write_down()
        rows = await sql.fetch("SELECT payload::text FROM outbox_events WHERE name = 'credential.expiring' ORDER BY id")
        return [int(row[0].split('"days_left": ')[1].split(",")[0].rstrip("}")) for row in rows]

    expiry = datetime(2026, 7, 20, 12, tzinfo=UTC)
    assert await told(NOW) == []
    assert await told(expiry - timedelta(days=30)) == [30]
    assert await told(expiry - timedelta(days=29)) == [30]
    assert await told(expiry - timedelta(days=6)) == [30, 6]
    assert await told(expiry - timedelta(days=1)) == [30, 6, 1]
    assert await told(expiry - timedelta(days=1)) == [30, 6, 1]
    assert await told(expiry) == [30, 6, 1]
