"""Doctors: they apply or are invited, are approved by others, work at clinics, and leave."""

import asyncio
from typing import Any

from tests.client import Client
from tests.providers.asks import Clock, do, done, gid, outcome, said, server_over

PROFILE: dict[str, Any] = {
    "specialty": "Dermatology",
    "licenceNumber": "de-4711/x",
    "licenceExpiresOn": "2030-01-01",
    "documents": ["vault:licences/4711"],
    "qualifications": "MD",
    "yearsOfExperience": 7,
    "languages": ["de", "en"],
    "consultationFee": {"amount": 6000, "currency": "EUR"},
}
INVITED = {**PROFILE, "clinicId": gid("Clinic", 1), "name": "Nora New", "email": "nora@example.org"}


async def test_whoever_signs_in_may_apply(desk: Client, sql: Any) -> None:
    applied = (await done(desk, "applyAsDoctor", "stranger", **PROFILE))["doctor"]
    assert (applied["status"], applied["licenceNumber"]) == ("APPLIED", "DE-4711/X")
    row = await sql.fetchrow("SELECT kind, status, documents, expires_on FROM credentials")
    assert (row["kind"], row["status"], row["documents"]) == ("LICENCE", "SUBMITTED", ["vault:licences/4711"])
    # Seen by herself and by administrators, and by nobody else until she is approved.
    for viewer, seen in (("stranger", True), ("admin", True), ("patient", False), ("anonymous", False)):
        answer = await desk.ask("query ($id: ID!) { doctor(id: $id) { id } }", {"id": applied["id"]}, viewer=viewer)
        assert (answer.data["doctor"] is not None) == seen, viewer
    again = await do(desk, "applyAsDoctor", "stranger", **PROFILE)
    assert (said(again), again["doctor"]["id"]) == ([("CONFLICT", None)], applied["id"])
    for viewer, expected in (("anonymous", "UNAUTHENTICATED"), ("service", "FORBIDDEN"), ("doctor", "CONFLICT")):
        assert await outcome(desk, "applyAsDoctor", viewer, **{**PROFILE, "licenceNumber": "OTHER-1"}) == expected


DOCTOR_CANNOT_BE: list[tuple[Any, ...]] = [
    ("specialty", "", "specialty"),
    ("specialty", "x" * 101, "specialty"),
    ("licenceNumber", "1", "licenceNumber"),
    ("licenceNumber", "x" * 41, "licenceNumber"),
    ("licenceNumber", "<script>", "licenceNumber"),
    ("licenceExpiresOn", "2026-06-15", "licenceExpiresOn"),
    ("licenceExpiresOn", "2999-01-01", "licenceExpiresOn"),
    ("documents", ["a b"], "documents"),
    ("documents", [f"vault:{n}" for n in range(21)], "documents"),
    ("qualifications", "x" * 5001, "qualifications"),
    ("yearsOfExperience", 81, "yearsOfExperience"),
    ("yearsOfExperience", -1, "yearsOfExperience"),
    ("languages", [], "languages"),
    ("languages", ["xx"], "languages"),
    ("consultationFee", {"amount": -1, "currency": "EUR"}, "consultationFee"),
    ("consultationFee", {"amount": 1, "currency": "eur"}, "consultationFee"),
    ("dailyPatientLimit", 0, "dailyPatientLimit"),
]


async def test_what_a_doctor_cannot_be(desk: Client) -> None:
    for field, value, named in DOCTOR_CANNOT_BE:
        refused = await do(desk, "applyAsDoctor", "stranger", **{**PROFILE, field: value})
        assert said(refused) == [("VALIDATION_ERROR", named)]


async def test_a_licence_belongs_to_one(desk: Client) -> None:
    taken = await do(desk, "applyAsDoctor", "stranger", **{**PROFILE, "licenceNumber": "l 1"})
    assert taken["doctor"] is not None
    assert said(await do(desk, "inviteDoctor", "manager", **{**INVITED, "licenceNumber": "L 1"})) == [
        ("CONFLICT", None)
    ]


async def test_who_may_invite(desk: Client, sql: Any) -> None:
    for viewer in ("anonymous", "patient", "doctor", "staff", "manager of another"):
        expected = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
        assert await outcome(desk, "inviteDoctor", viewer, **INVITED) == expected, viewer
    invited = (await done(desk, "inviteDoctor", "manager", **INVITED))["doctor"]
    assert (invited["status"], invited["clinics"]) == ("APPLIED", [{"id": gid("Clinic", 1)}])
    user = await sql.fetchrow("SELECT id, status, email FROM users WHERE name = 'Nora New'")
    assert (user["status"], user["email"]) == ("INVITED", "nora@example.org")
    assert await sql.fetchval("SELECT kind FROM outgoing_mails WHERE user_id = $1", user["id"]) == "INVITATION"
    assert await sql.fetch("SELECT FROM user_roles WHERE user_id = $1", user["id"]) == []
    known = await do(desk, "inviteDoctor", "manager", **{**INVITED, "licenceNumber": "OTHER-2"})
    assert said(known) == [("EMAIL_ALREADY_REGISTERED", "email")]


async def test_others_approve_her(desk: Client, sql: Any) -> None:
    doctor_id = (await done(desk, "inviteDoctor", "manager", **INVITED))["doctor"]["id"]
    for viewer in ("anonymous", "patient", "doctor", "staff", "manager", "manager of another"):
        expected = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
        for mutation, more in (("approveDoctor", {}), ("rejectDoctor", {"reason": "No"})):
            assert await outcome(desk, mutation, viewer, doctorId=doctor_id, **more) == expected, viewer
    assert said(await do(desk, "approveDoctor", "admin", doctorId=doctor_id, version=9)) == [("CONFLICT", "version")]
    approved = (await done(desk, "approveDoctor", "admin", doctorId=doctor_id))["doctor"]
    assert (approved["status"], approved["licenceExpiresOn"]) == ("APPROVED", "2030-01-01")
    role = "SELECT role FROM user_roles r JOIN users u ON u.id = r.user_id WHERE u.name = 'Nora New'"
    assert await sql.fetchval(role) == "DOCTOR"
    assert await sql.fetchval("SELECT status FROM credentials") == "APPROVED"
    assert await sql.fetchval("SELECT count(*) FROM outbox_events WHERE name = 'provider.approved'") == 1
    assert said(await do(desk, "approveDoctor", "admin", doctorId=doctor_id)) == [("CONFLICT", "doctorId")]


async def test_nobody_reviews_herself(desk: Client, sql: Any) -> None:
    await sql.execute("UPDATE doctors SET status = 'APPLIED' WHERE id = 1")
    doctor = gid("Doctor", 1)
    assert await outcome(desk, "approveDoctor", "reviewing doctor", doctorId=doctor) == "FORBIDDEN"
    assert await outcome(desk, "rejectDoctor", "reviewing doctor", doctorId=doctor, reason="-") == "FORBIDDEN"


async def test_a_rejected_doctor_reads_why_and_applies_again(desk: Client) -> None:
    doctor = (await done(desk, "applyAsDoctor", "stranger", **PROFILE))["doctor"]["id"]
    assert said(await do(desk, "rejectDoctor", "admin", doctorId=doctor, reason=" ")) == [
        ("VALIDATION_ERROR", "reason")
    ]
    rejected = await done(desk, "rejectDoctor", "admin", doctorId=doctor, reason="The licence cannot be read")
    assert rejected["doctor"]["status"] == "REJECTED"
    document = "query ($id: ID!) { doctor(id: $id) { reviewReason credentials { status reviewReason } } }"
    why = "The licence cannot be read"
    answer = await desk.ask(document, {"id": doctor}, viewer="stranger")
    assert answer.data["doctor"] == {
        "reviewReason": why,
        "credentials": [{"status": "REJECTED", "reviewReason": why}],
    }
    assert said(await do(desk, "rejectDoctor", "admin", doctorId=doctor, reason=why)) == [("CONFLICT", "doctorId")]
    again = await done(desk, "applyAsDoctor", "stranger", **{**PROFILE, "yearsOfExperience": 8})
    assert (again["doctor"]["id"], again["doctor"]["status"]) == (doctor, "APPLIED")


async def test_who_may_change_a_doctor(desk: Client) -> None:
    doctor, version = gid("Doctor", 1), 1
    for viewer in ("anonymous", "patient", "staff", "manager of another", "doctor of another"):
        expected = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
        assert await outcome(desk, "updateDoctor", viewer, doctorId=doctor, version=1, yearsOfExperience=3) == expected
    for viewer in ("doctor", "manager", "admin", "service"):
        given = {"doctorId": doctor, "version": version, "yearsOfExperience": 20 + version}
        changed = (await done(desk, "updateDoctor", viewer, **given))["doctor"]
        version += 1
        assert (changed["version"], changed["specialty"]) == (version, "General practice")
    for viewer in ("doctor", "manager"):
        given = {"doctorId": doctor, "version": version, "specialty": "Surgery", "licenceNumber": "NEW-1"}
        refused = await do(desk, "updateDoctor", viewer, **given)
        assert said(refused) == [("VALIDATION_ERROR", "specialty"), ("VALIDATION_ERROR", "licenceNumber")]
    await done(desk, "updateDoctor", "admin", doctorId=doctor, version=version, specialty="Surgery")
    late = await do(desk, "updateDoctor", "doctor", doctorId=doctor, version=version, yearsOfExperience=1)
    assert (said(late), late["doctor"]["specialty"]) == ([("CONFLICT", "version")], "Surgery")


async def test_working_at_a_clinic(desk: Client) -> None:
    link = {"doctorId": gid("Doctor", 3), "clinicId": gid("Clinic", 1)}
    for viewer in ("anonymous", "patient", "doctor", "staff", "manager of another"):
        expected = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
        for mutation in ("linkDoctorToClinic", "unlinkDoctorFromClinic"):
            assert await outcome(desk, mutation, viewer, **link) == expected, viewer
    # A manager takes nobody over who is another clinic's: she would read her credentials, and change her record.
    assert await outcome(desk, "linkDoctorToClinic", "manager", **link) == "FORBIDDEN"
    for viewer in ("admin", "manager"):
        linked = (await done(desk, "linkDoctorToClinic", viewer, **link))["doctor"]
        assert linked["clinics"] == [{"id": gid("Clinic", 1)}, {"id": gid("Clinic", 3)}]
    left = (await done(desk, "unlinkDoctorFromClinic", "manager", **link))["doctor"]
    assert left["clinics"] == [{"id": gid("Clinic", 3)}]
    assert said(await do(desk, "unlinkDoctorFromClinic", "manager", **link)) == [("NOT_FOUND", "doctorId")]
    back = (await done(desk, "linkDoctorToClinic", "manager", **link))["doctor"]
    assert len(back["clinics"]) == 2


async def test_leaving_a_clinic_asks_what_becomes_of_appointments(desk: Client, sql: Any) -> None:
    leave = {"doctorId": gid("Doctor", 2), "clinicId": gid("Clinic", 2)}
    dry = await done(desk, "unlinkDoctorFromClinic", "manager of another", **leave, dryRun=True)
    assert dry["affectedAppointments"]["count"] == 2
    assert [each["id"] for each in dry["affectedAppointments"]["appointments"]] == [
        gid("Appointment", 22),
        gid("Appointment", 5),
    ]
    assert len(dry["doctor"]["clinics"]) == 2
    refused = await do(desk, "unlinkDoctorFromClinic", "manager of another", **leave)
    assert (said(refused), refused["affectedAppointments"]["count"]) == ([("CONFLICT", "appointments")], 2)
    assert await sql.fetchval("SELECT bool_and(is_active) FROM slots")
    given = {**leave, "appointments": "CANCEL", "reason": "She leaves"}
    left = await done(desk, "unlinkDoctorFromClinic", "manager of another", **given)
    assert {each["status"] for each in left["affectedAppointments"]["appointments"]} == {"CANCELLED"}
    assert [clinic["id"] for clinic in left["doctor"]["clinics"]] == [gid("Clinic", 1)]
    steps = "SELECT reason FROM appointment_timeline WHERE appointment_id = 22 ORDER BY id DESC LIMIT 1"
    assert await sql.fetchval(steps) == "She leaves"
    events = "SELECT count(*) FROM outbox_events WHERE name = 'appointment.cancelled'"
    assert await sql.fetchval(events) == 2


async def test_deactivating_is_for_administrators(desk: Client) -> None:
    doctor = gid("Doctor", 1)
    for viewer in ("anonymous", "patient", "doctor", "staff", "manager", "manager of another"):
        expected = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
        assert await outcome(desk, "deactivateDoctor", viewer, doctorId=doctor, dryRun=True) == expected
    gone = await done(desk, "deactivateDoctor", "admin", doctorId=doctor, appointments="CANCEL", reason="Retired")
    assert (gone["doctor"]["status"], gone["affectedAppointments"]["count"]) == ("INACTIVE", 1)
    back = await done(desk, "approveDoctor", "admin", doctorId=doctor)
    assert back["doctor"]["status"] == "APPROVED"
    assert said(await do(desk, "deactivateDoctor", "admin", doctorId=doctor, reason="x" * 1001)) == [
        ("VALIDATION_ERROR", "reason")
    ]


async def test_what_was_paid_goes_back(desk: Client, sql: Any) -> None:
    await sql.execute(
        "INSERT INTO payments (appointment_id, status, amount_minor, captured_minor, currency, captured_at, gateway, "
        "gateway_reference) VALUES (12, 'CAPTURED', 5000, 5000, 'EUR', now(), 'sandbox', 'reference')"
    )
    await done(desk, "deactivateDoctor", "admin", doctorId=gid("Doctor", 1), appointments="CANCEL", reason="Ill")
    asked = await sql.fetch("SELECT kind, amount_minor FROM gateway_requests")
    assert [tuple(request) for request in asked] == [("REFUND", 5000)]


async def test_deactivating_while_bookings_pour_in(clinic: str, desk: Client, sql: Any) -> None:
    """Nobody is left with an appointment with a doctor who is gone."""
    await sql.execute("UPDATE slots SET capacity = 20 WHERE doctor_id = 1 AND starts_at > '2026-06-15T12:00Z'")
    await sql.execute(
        "INSERT INTO users (id, name, email) SELECT i, 'Crowd ' || i, 'crowd' || i || '@example.org' "
        "FROM generate_series(5001, 5024) i"
    )
    await sql.execute("INSERT INTO patients (id, user_id) SELECT i, i FROM generate_series(5001, 5024) i")
    doctor, slots = gid("Doctor", 1), [140, 150, 160, 170]
    async with server_over(clinic) as other:

        async def book(n: int) -> str:
            viewer = f"user {5001 + n} as patient {5001 + n}"
            return await outcome((desk, other)[n % 2], "bookAppointment", viewer, slotId=gid("Slot", slots[n % 4]))

        async def leave() -> str:
            await asyncio.sleep(0.03)
            given = {"doctorId": doctor, "appointments": "CANCEL", "reason": "Ill"}
            return await outcome(desk, "deactivateDoctor", "admin", **given)

        outcomes = await asyncio.gather(leave(), *(book(n) for n in range(24)))
    assert outcomes[0] == "done"
    assert set(outcomes[1:]) <= {"done", "SLOT_UNAVAILABLE"}
    active = "SELECT count(*) FROM appointments WHERE doctor_id = 1 AND keeps_seat AND starts_at > '2026-06-15T12:00Z'"
    assert await sql.fetchval(active) == 0
    assert await sql.fetchval("SELECT count(*) FROM appointments WHERE patient_id > 5000") == outcomes[1:].count("done")
    assert await sql.fetchval("SELECT count(*) FROM slots WHERE doctor_id = 1 AND booked_count > 0 AND id >= 140") == 0


async def test_the_list_an_administrator_works_with(desk: Client, sql: Any, clock: Clock) -> None:
    await done(desk, "applyAsDoctor", "stranger", **PROFILE)
    await sql.execute("UPDATE doctors SET licence_expires_on = '2026-06-20' WHERE id = 1")
    await sql.execute("UPDATE doctors SET licence_expires_on = '2026-06-15' WHERE id = 3")
    await sql.execute("UPDATE users SET last_login_at = '2026-06-01T08:00Z' WHERE id = 1002")
    document = "{ doctors(%s) { edges { cursor node { user { name } } } } }"

    async def asked(arguments: str, viewer: str = "admin") -> list[str]:
        answer = await desk.ask(document % arguments, viewer=viewer)
        return [edge["node"]["user"]["name"] for edge in answer.data["doctors"]["edges"]]

    assert await asked("filter: {statuses: [APPLIED]}") == ["Patient X"]
    assert await asked("filter: {statuses: []}") == []
    assert await asked("filter: {withoutSlotsAhead: true}") == ["Patient X"]
    assert await asked("filter: {licence: EXPIRING}") == ["Doctor A"]
    assert await asked("filter: {licence: EXPIRED}") == ["Doctor C"]
    assert len(await asked("filter: {licence: MISSING}")) == 4
    assert await asked("orderBy: LOAD") == ["Doctor B", "Doctor C", "Doctor A", "Patient X"]
    assert (await asked("orderBy: LAST_LOGIN"))[0] == "Doctor B"
    page = await desk.ask(document % "orderBy: LAST_LOGIN, first: 1", viewer="admin")
    cursor = page.data["doctors"]["edges"][0]["cursor"]
    assert len(await asked(f'orderBy: LAST_LOGIN, after: "{cursor}"')) == 3
    assert "Doctor B" not in await asked(f'orderBy: LAST_LOGIN, after: "{cursor}"')
    assert await asked("filter: {statuses: [APPLIED]}", "manager") == []
    for viewer, code in (("anonymous", "UNAUTHENTICATED"), ("patient", "FORBIDDEN"), ("staff", "FORBIDDEN")):
        for arguments in ("orderBy: LOAD", "filter: {licence: MISSING}", "filter: {statuses: [APPLIED]}"):
            assert (await desk.ask(document % arguments, viewer=viewer)).codes == [code]
    assert (await desk.ask(document % "orderBy: LAST_LOGIN", viewer="manager")).codes == ["FORBIDDEN"]
