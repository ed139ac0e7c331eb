"""Who sees whom waiting, and what was offered to whom."""

from typing import Any

from tests.client import Client
from tests.scheduling.asks import appointment, at, done, gid, patient, slot
from tests.scheduling.crowd import CROWD, SQL, add_slot, book

DOCUMENT = """
query ($filter: WaitlistFilter, $first: Int, $after: String) {
  waitlist(filter: $filter, first: $first, after: $after) {
    edges { cursor node {
      id status specialty doctorIds clinicIds joinedAt windows { start end } patient { id } appointment { id }
      offers { status offeredAt slot { id } hold { expiresAt } waitlistEntry { id } }
    } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


async def waiting(client: Client, viewer: str, **variables: Any) -> list[dict[str, Any]]:
    answer = await client.ask(DOCUMENT, variables, viewer=viewer)
    return [edge["node"] for edge in answer.data["waitlist"]["edges"]]


async def test_who_sees_whom(one: Client) -> None:
    for viewer, doctors in (("patient", [1, 2]), ("stranger", [3]), (f"patient {CROWD[0]}", [2])):
        await done(one, "joinWaitlist", viewer, doctorIds=[gid("Doctor", n) for n in doctors])
    everybody = [patient(1), patient(3), patient(CROWD[0])]
    seen = {
        "patient": everybody[:1],
        "stranger": everybody[1:2],
        "staff": everybody[:1],
        "doctor": everybody[:1],
        "doctor of another": everybody[1:2],
        "admin": everybody,
    }
    for viewer, patients in seen.items():
        assert [each["patient"]["id"] for each in await waiting(one, viewer)] == patients, viewer
    second = await waiting(one, "admin", filter={"doctorId": gid("Doctor", 2)})
    assert [each["patient"]["id"] for each in second] == [everybody[0], everybody[2]]
    (only,) = await waiting(one, "admin", filter={"patientId": patient(3), "statuses": ["WAITING"]})
    assert only["doctorIds"] == [gid("Doctor", 3)]
    page = (await one.ask(DOCUMENT, {"first": 2}, viewer="admin")).data["waitlist"]
    rest = await waiting(one, "admin", first=2, after=page["pageInfo"]["endCursor"])
    assert [each["patient"]["id"] for each in rest] == everybody[2:]


async def test_an_entry_and_its_offer(one: Client, sql: SQL) -> None:
    wanted = await add_slot(sql, at(15, "13:00"))
    theirs = await book(sql, wanted, CROWD[0])
    window = {"start": "2026-06-15T15:00:00+02:00", "end": "2026-06-15T16:00:00+02:00"}
    joined = await done(
        one,
        "joinWaitlist",
        "patient",
        doctorIds=[gid("Doctor", 1)],
        clinicIds=[gid("Clinic", 1)],
        appointmentId=appointment(12),
        windows=[window],
    )
    await done(one, "cancelAppointment", f"patient {CROWD[0]}", appointmentId=appointment(theirs), reason="ill")
    entry = joined["waitlistEntry"]["id"]
    (found,) = await waiting(one, "patient")
    assert found == {
        "id": entry,
        "status": "OFFERED",
        "specialty": None,
        "doctorIds": [gid("Doctor", 1)],
        "clinicIds": [gid("Clinic", 1)],
        "joinedAt": "2026-06-15T12:00:00Z",
        "windows": [{"start": "2026-06-15T13:00:00Z", "end": "2026-06-15T14:00:00Z"}],
        "patient": {"id": patient(1)},
        "appointment": {"id": appointment(12)},
        "offers": [
            {
                "status": "OPEN",
                "offeredAt": found["offers"][0]["offeredAt"],
                "slot": {"id": slot(wanted)},
                "hold": {"expiresAt": "2026-06-15T12:30:00Z"},  # half of the time that is left
                "waitlistEntry": {"id": entry},
            }
        ],
    }
    offered = gid("WaitlistOffer", await sql.fetchval("SELECT id FROM waitlist_offers"))
    for viewer, hidden in (("stranger", entry), ("stranger", offered), ("doctor of another", entry)):
        answer = await one.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": hidden}, viewer=viewer)
        assert answer.data == {"node": None}
    taken = await done(one, "acceptOffer", "patient", offerId=offered)
    assert taken["appointment"]["slot"] == {"id": slot(wanted)}
    assert await sql.fetchval("SELECT status FROM appointments WHERE id = 12") == "CANCELLED"


async def test_staff_accept_for_who_gives_up_a_seat_elsewhere(one: Client, sql: SQL) -> None:
    """What she gives up is at a clinic that they do not see."""
    wanted = await add_slot(sql, at(15, "13:00"))
    theirs = await book(sql, wanted, CROWD[0])
    elsewhere = await book(sql, await add_slot(sql, at(20, "08:00"), doctor=2, clinic=2), 1)
    await done(one, "joinWaitlist", "patient", doctorIds=[gid("Doctor", 1)], appointmentId=appointment(elsewhere))
    await done(one, "cancelAppointment", f"patient {CROWD[0]}", appointmentId=appointment(theirs), reason="ill")
    offered = gid("WaitlistOffer", await sql.fetchval("SELECT id FROM waitlist_offers"))
    await done(one, "acceptOffer", "staff", offerId=offered)
    assert await sql.fetchval("SELECT status FROM appointments WHERE id = $1", elsewhere) == "CANCELLED"


async def test_what_does_not_suit_is_not_offered(one: Client, sql: SQL) -> None:
    wanted = await add_slot(sql, at(20, "08:00"))
    other_time = {"start": "2026-06-20T08:10:00Z", "end": "2026-06-20T10:00:00Z"}
    doctor = [gid("Doctor", 1)]
    unsuited: list[dict[str, Any]] = [
        {"doctorIds": [gid("Doctor", 2)]},
        {"clinicIds": [gid("Clinic", 2)]},
        {"specialty": " Surgery "},
        {"doctorIds": doctor, "windows": [other_time]},
    ]
    for n, given in zip(CROWD, unsuited, strict=False):
        await done(one, "joinWaitlist", f"patient {n}", **given)
    earlier, elsewhere, inactive, suited = CROWD[10:14]
    mine = await book(sql, await add_slot(sql, at(19, "08:00")), earlier)
    await done(one, "joinWaitlist", f"patient {earlier}", doctorIds=doctor, appointmentId=appointment(mine))
    await book(sql, await add_slot(sql, at(20, "08:10"), doctor=2), elsewhere)
    for n in (elsewhere, inactive, suited):
        await done(one, "joinWaitlist", f"patient {n}", doctorIds=doctor)
    await sql.execute("UPDATE patients SET status = 'INACTIVE' WHERE id = $1", inactive)
    theirs = await book(sql, wanted, CROWD[20])
    await done(one, "cancelAppointment", f"patient {CROWD[20]}", appointmentId=appointment(theirs), reason="ill")
    assert await sql.fetchval("SELECT patient_id FROM holds WHERE slot_id = $1", wanted) == suited
