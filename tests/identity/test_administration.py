"""What administrators do about people: invite, give and take roles, suspend."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias

import asyncpg
import orjson
import pytest

from auth.oauth.configuration import Configuration
from auth.revocations import Revocations
from auth.tokens import Claims, InvalidToken
from domain.identity.deliver_mails import deliver_mails
from schema.node import encode_id
from tests.auth.world import Mailbox
from tests.client import VIEWERS, Client
from tests.clinic_data import NOW
from tests.identity.asks import do, refused
from tests.identity.test_own_account import living, signed_in

Sql: TypeAlias = "asyncpg.Connection[Any]"
STAFF = encode_id("User", 2)
CLINIC = encode_id("Clinic", 1)
INVITED = {"email": "Ina@example.org", "name": "Ina Invited", "role": "STAFF", "clinicId": CLINIC}
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("inviteUser", INVITED),
    ("assignRole", {"userId": STAFF, "role": "ADMIN"}),
    ("revokeRole", {"userId": STAFF, "role": "STAFF"}),
    ("suspendUser", {"userId": STAFF, "reason": "left"}),
    ("reactivateUser", {"userId": STAFF}),
]


async def events(sql: Sql) -> list[tuple[str, Any]]:
    rows = await sql.fetch("SELECT name, payload FROM outbox_events ORDER BY id")
    return [(row["name"], orjson.loads(row["payload"])) for row in rows]


async def roles(sql: Sql, user_id: int) -> list[str]:
    rows = await sql.fetch("SELECT role FROM user_roles WHERE user_id = $1 ORDER BY role", user_id)
    return [row["role"] for row in rows]


async def places(sql: Sql, user_id: int) -> list[tuple[int, str]]:
    rows = await sql.fetch(
        "SELECT clinic_id, role FROM staff WHERE user_id = $1 AND ended_at IS NULL ORDER BY 1", user_id
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize(("mutation", "input"), ASKED)
async def test_only_for_administrators(writer: Client, sql: Sql, mutation: str, input: dict[str, Any]) -> None:
    for viewer in VIEWERS:
        if viewer not in ("admin", "service"):
            code = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
            assert await refused(writer, mutation, viewer, **input) == [(code, None)]
    assert await sql.fetchval("SELECT count(*) FROM audit_records") == 0


async def test_invite_user(writer: Client, sql: Sql, installed: Configuration) -> None:
    payload = await do(writer, "inviteUser", "admin", **INVITED)
    assert (payload["user"]["name"], payload["user"]["status"]) == ("Ina Invited", "INVITED")
    assert payload["user"]["roles"] == ["STAFF"]
    user_id = await sql.fetchval("SELECT id FROM users WHERE email = 'ina@example.org'")
    assert await places(sql, user_id) == [(1, "STAFF")]
    assert await events(sql) == [
        ("user.created", {"user_id": user_id}),
        ("role.updated", {"user_id": user_id, "role": "STAFF", "clinic_id": 1, "held": True}),
    ]
    mailbox = Mailbox()
    await deliver_mails(sql, mailbox, installed, NOW)
    assert [mail.to for mail in mailbox.sent] == ["ina@example.org"]
    assert "/oauth/reset?token=" in mailbox.link
    assert await refused(writer, "inviteUser", "admin", **INVITED) == [("EMAIL_ALREADY_REGISTERED", "email")]


async def test_two_who_invite_one_address_at_once(clinic: str, sql: Sql) -> None:
    async with Client.of(clinic) as one, Client.of(clinic) as other:
        both = await asyncio.gather(*(refused(each, "inviteUser", "admin", **INVITED) for each in (one, other)))
    assert sorted(len(each) for each in both) == [0, 1]
    assert {code for each in both for code, _ in each} == {"EMAIL_ALREADY_REGISTERED"}


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"email": "ina"}, ("VALIDATION_ERROR", "email")),
        ({"name": ""}, ("VALIDATION_ERROR", "name")),
        ({"role": "DOCTOR", "clinicId": None}, ("VALIDATION_ERROR", "role")),
        ({"role": "PATIENT", "clinicId": None}, ("VALIDATION_ERROR", "role")),
        ({"role": "ADMIN"}, ("VALIDATION_ERROR", "clinicId")),
        ({"clinicId": None}, ("VALIDATION_ERROR", "clinicId")),
        ({"clinicId": STAFF}, ("VALIDATION_ERROR", "clinicId")),
        ({"clinicId": encode_id("Clinic", 99)}, ("NOT_FOUND", "clinicId")),
    ],
)
async def test_who_cannot_be_invited(writer: Client, sql: Sql, wrong: dict[str, Any], refusal: tuple[str, str]) -> None:
    assert await refused(writer, "inviteUser", "admin", **INVITED | wrong) == [refusal]
    assert await sql.fetchval("SELECT count(*) FROM outgoing_mails") == 0


async def test_assign_role(writer: Client, sql: Sql) -> None:
    payload = await do(writer, "assignRole", "admin", userId=STAFF, role="MANAGER", clinicId=encode_id("Clinic", 2))
    assert payload["user"]["roles"] == ["MANAGER", "STAFF"]
    assert await places(sql, 2) == [(1, "STAFF"), (2, "MANAGER")]
    await do(writer, "assignRole", "admin", userId=STAFF, role="MANAGER", clinicId=CLINIC)
    assert await places(sql, 2) == [(1, "MANAGER"), (2, "MANAGER")]
    assert await roles(sql, 2) == ["MANAGER"]
    told = len(await events(sql))
    await do(writer, "assignRole", "admin", userId=STAFF, role="MANAGER", clinicId=CLINIC)
    assert len(await events(sql)) == told == 2


async def test_a_new_patient_gets_a_profile(writer: Client, sql: Sql) -> None:
    await do(writer, "assignRole", "admin", userId=STAFF, role="PATIENT")
    profile = await sql.fetchval("SELECT id FROM patients WHERE user_id = 2")
    assert ("patient.created", {"patient_id": profile}) in await events(sql)
    assert await refused(writer, "assignRole", "admin", userId=STAFF, role="DOCTOR") == [("VALIDATION_ERROR", "role")]


async def test_users_and_clinics_that_are_not_there(writer: Client) -> None:
    nobody = encode_id("User", 99)
    for mutation, asked in ASKED[1:]:
        assert await refused(writer, mutation, "admin", **asked | {"userId": nobody}) == [("NOT_FOUND", "userId")]
        assert await refused(writer, mutation, "admin", **asked | {"userId": "x"}) == [("VALIDATION_ERROR", "userId")]
    assert await refused(
        writer, "assignRole", "admin", userId=STAFF, role="STAFF", clinicId=encode_id("Clinic", 99)
    ) == [("NOT_FOUND", "clinicId")]
    assert await refused(writer, "revokeRole", "admin", userId=STAFF, role="ADMIN", clinicId=CLINIC) == [
        ("VALIDATION_ERROR", "clinicId")
    ]


async def test_revoke_role(writer: Client, sql: Sql) -> None:
    await do(writer, "assignRole", "admin", userId=STAFF, role="STAFF", clinicId=encode_id("Clinic", 2))
    await do(writer, "revokeRole", "admin", userId=STAFF, role="STAFF", clinicId=CLINIC)
    assert (await places(sql, 2), await roles(sql, 2)) == ([(2, "STAFF")], ["STAFF"])
    await do(writer, "revokeRole", "admin", userId=STAFF, role="STAFF")
    assert (await places(sql, 2), await roles(sql, 2)) == ([], [])
    await do(writer, "revokeRole", "admin", userId=STAFF, role="STAFF")
    assert [payload["held"] for name, payload in await events(sql) if name == "role.updated"] == [True, False, False]


async def test_an_administrator_is_left(writer: Client, sql: Sql) -> None:
    herself = {"userId": encode_id("User", 1), "role": "ADMIN"}
    assert await refused(writer, "revokeRole", "admin", **herself) == [("CONFLICT", "userId")]
    assert await refused(writer, "revokeRole", "service", **herself) == [("CONFLICT", "userId")]
    assert await refused(writer, "suspendUser", "service", userId=herself["userId"], reason="x") == [
        ("CONFLICT", "userId")
    ]
    await sql.execute("INSERT INTO user_roles (user_id, role) VALUES (2, 'ADMIN')")
    await sql.execute("UPDATE users SET status = 'INVITED' WHERE id = 2")
    assert await refused(writer, "revokeRole", "admin", **herself) == [("CONFLICT", "userId")]
    await sql.execute("UPDATE users SET status = 'ACTIVE' WHERE id = 2")
    await do(writer, "revokeRole", "admin", **herself)


async def test_two_administrators_who_depose_each_other_at_once(clinic: str, sql: Sql) -> None:
    await sql.execute("INSERT INTO user_roles (user_id, role) VALUES (2, 'ADMIN')")
    async with Client.of(clinic) as one, Client.of(clinic) as other:
        both = await asyncio.gather(
            refused(one, "revokeRole", "admin", userId=STAFF, role="ADMIN"),
            refused(other, "suspendUser", "service", userId=encode_id("User", 1), reason="x"),
        )
    assert sorted(both) == [[], [("CONFLICT", "userId")]]


@asynccontextmanager
async def process(dsn: str) -> AsyncIterator[Revocations]:
    """What another process knows of revocations."""
    async with Revocations.listening(dsn, lambda: NOW) as revocations:
        yield revocations


async def test_suspend_user(writer: Client, clinic: str, sql: Sql) -> None:
    await signed_in(sql, 1, 2)
    claims = Claims(
        subject="2",
        user_id=2,
        client_id="app",
        scopes=frozenset(),
        jti="j",
        family_id=None,
        issuer="https://clinic.test",
        issued_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        auth_time=NOW,
        amr=("pwd",),
    )
    async with process(clinic) as elsewhere:
        elsewhere.check(claims)
        told = asyncio.Event()
        elsewhere.on_change(lambda word: told.set() if word == "user 2" else None)
        payload = await do(writer, "suspendUser", "admin", userId=STAFF, reason=" has left ")
        await asyncio.wait_for(told.wait(), 20)
        with pytest.raises(InvalidToken):
            elsewhere.check(claims)
        assert payload["user"]["status"] == "SUSPENDED"
        assert await living(sql) == []
        assert await sql.fetchval("SELECT revoked_because FROM token_families") == "ACCOUNT_CLOSED"
        assert await events(sql) == [("user.suspended", {"user_id": 2})]
        (audit,) = await sql.fetch("SELECT user_id, action, entity, entity_id, reason FROM audit_records")
        assert tuple(audit) == (1, "suspendUser", "User", 2, "has left")
        await do(writer, "suspendUser", "admin", userId=STAFF, reason="again")
        back = asyncio.Event()
        elsewhere.on_change(lambda word: back.set() if word == "-user 2" else None)
        assert (await do(writer, "reactivateUser", "admin", userId=STAFF))["user"]["status"] == "ACTIVE"
        await asyncio.wait_for(back.wait(), 20)
        elsewhere.check(claims)
    assert await refused(writer, "reactivateUser", "admin", userId=STAFF) == [("CONFLICT", "userId")]
    assert await living(sql) == []


async def test_nobody_suspends_herself_or_without_a_reason(writer: Client) -> None:
    herself = encode_id("User", 1)
    assert await refused(writer, "suspendUser", "admin", userId=herself, reason="x") == [("CONFLICT", "userId")]
    for reason in (" ", "x" * 1001, "\0"):
        assert await refused(writer, "suspendUser", "admin", userId=STAFF, reason=reason) == [
            ("VALIDATION_ERROR", "reason")
        ]


async def test_who_never_came_is_invited_again(writer: Client, sql: Sql) -> None:
    await sql.execute("UPDATE users SET status = 'SUSPENDED', password_hash = NULL WHERE id = 2")
    assert (await do(writer, "reactivateUser", "admin", userId=STAFF))["user"]["status"] == "INVITED"
    assert await sql.fetchval("SELECT kind FROM outgoing_mails WHERE user_id = 2") == "INVITATION"
