"""What people change of themselves: particulars, password, second step, sessions."""

from datetime import timedelta
from typing import Any, TypeAlias

import asyncpg
import pyotp
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from auth.authenticator import RECOVERY_CODES
from auth.oauth import totp
from auth.oauth.configuration import Configuration
from auth.passwords import check_password
from schema.node import encode_id
from tests.auth.world import LIGHT_WORK, PASSWORD
from tests.client import VIEWERS, Client
from tests.clinic_data import NOW
from tests.identity.asks import ask, do, refused

Sql: TypeAlias = "asyncpg.Connection[Any]"
SIGNED_IN = ["admin", "staff", "manager", "doctor", "patient", "stranger"]
NEW = "a wholly new password"
NEXT = NOW + timedelta(seconds=30)
SESSION = """
INSERT INTO browser_sessions (id, token_hash, user_id, awaits_second_step, auth_time, amr, created_at, last_seen_at,
                              expires_at, user_agent, address)
SELECT $1, decode(lpad($1::bigint::text, 64, '0'), 'hex'), $2, false, at, '{pwd,otp,mfa}', at, at,
       at + interval '1 hour', 'Firefox', '192.0.2.1'
FROM (SELECT $3::timestamptz AS at) t
"""
CLIENT = "INSERT INTO oauth_clients (id, name) VALUES ('app', 'The app') ON CONFLICT DO NOTHING"
FAMILY = """
INSERT INTO token_families (id, client_id, user_id, session_id, auth_time, created_at, expires_at, tokens_until)
SELECT gen_random_uuid(), 'app', $1, $2, at, at, at + interval '1 day', at + interval '15 minutes'
FROM (SELECT $3::timestamptz AS at) t
"""


async def signed_in(sql: Sql, session_id: int, user_id: int) -> None:
    await sql.execute(CLIENT)
    await sql.execute(SESSION, session_id, user_id, NOW)
    await sql.execute(FAMILY, user_id, session_id, NOW)


async def living(sql: Sql) -> list[tuple[int, bool]]:
    """The sessions that live, and whether their tokens do."""
    rows = await sql.fetch(
        "SELECT s.id, f.revoked_at IS NULL AS tokens FROM browser_sessions s"
        " JOIN token_families f ON f.session_id = s.id WHERE s.ended_at IS NULL ORDER BY 1"
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("viewer", SIGNED_IN)
async def test_update_me(writer: Client, sql: Sql, viewer: str) -> None:
    user_id = VIEWERS[viewer].user_id
    (before,) = await sql.fetch("SELECT * FROM users WHERE id = $1", user_id)
    payload = await do(writer, "updateMe", viewer, name=" Zoë Zed ", language="pt-BR", version=1)
    assert (payload["user"]["name"], payload["user"]["version"]) == ("Zoë Zed", 2)
    (after,) = await sql.fetch("SELECT * FROM users WHERE id = $1", user_id)
    changed = {name for name, value in after.items() if value != before[name]}
    assert changed == {"name", "language", "version", "updated_at"}
    assert await refused(writer, "updateMe", viewer, phone="+1 555 1", version=1) == [("CONFLICT", "version")]
    await do(writer, "updateMe", viewer, phone="+1 555 1")
    await do(writer, "updateMe", viewer, phone=None)
    assert await sql.fetchval("SELECT phone FROM users WHERE id = $1", user_id) is None
    audits = await sql.fetch("SELECT DISTINCT user_id, action, entity, entity_id FROM audit_records")
    assert (user_id, "updateMe", "User", user_id) in [tuple(row) for row in audits]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"language": None}, "language"),
        ({"language": "x" * 900}, "language"),
        ({"phone": "\0"}, "phone"),
    ],
)
async def test_update_me_names_what_cannot_be(writer: Client, wrong: dict[str, Any], field: str) -> None:
    assert await refused(writer, "updateMe", "patient", **wrong) == [("VALIDATION_ERROR", field)]


@pytest.mark.parametrize(
    ("mutation", "input"),
    [
        ("updateMe", {"name": "Zoë"}),
        ("changePassword", {"currentPassword": PASSWORD, "newPassword": NEW}),
        ("enrollTotp", {"password": PASSWORD}),
        ("confirmTotp", {"code": "123456"}),
        ("disableTotp", {"password": PASSWORD}),
        ("endSession", {"sessionId": encode_id("BrowserSession", 1)}),
        ("endAllSessions", {}),
    ],
)
async def test_only_for_people(writer: Client, sql: Sql, mutation: str, input: dict[str, Any]) -> None:
    assert await refused(writer, mutation, "anonymous", **input) == [("UNAUTHENTICATED", None)]
    assert await refused(writer, mutation, "service", **input) == [("FORBIDDEN", None)]


async def test_change_password(writer: Client, sql: Sql) -> None:
    await signed_in(sql, 1, 2001)
    await signed_in(sql, 2, 2003)
    await do(writer, "changePassword", "patient", currentPassword=PASSWORD, newPassword=NEW)
    stored = await sql.fetchval("SELECT password_hash FROM users WHERE id = 2001")
    assert (await check_password(stored, NEW, LIGHT_WORK)).matches
    assert await living(sql) == [(2, True)]
    assert await sql.fetchval("SELECT kind FROM outgoing_mails WHERE user_id = 2001") == "PASSWORD_CHANGED"


async def test_wrong_passwords_are_counted_as_at_sign_in(writer: Client, sql: Sql) -> None:
    wrong = [("VALIDATION_ERROR", "currentPassword")]
    for _ in range(4):
        assert await refused(writer, "changePassword", "patient", currentPassword="wrong", newPassword=NEW) == wrong
    await do(writer, "enrollTotp", "patient", password=PASSWORD)
    assert await refused(writer, "enrollTotp", "patient", password="wrong") == [("VALIDATION_ERROR", "password")]
    # The right one is not tried any more, and nothing tells that it was right.
    assert await refused(writer, "changePassword", "patient", currentPassword=PASSWORD, newPassword=NEW) == wrong
    assert await refused(writer, "disableTotp", "patient", password=PASSWORD) == [("VALIDATION_ERROR", "password")]
    assert await sql.fetchval("SELECT count(*) FROM sign_in_attempts") == 5
    await do(writer, "changePassword", "stranger", currentPassword=PASSWORD, newPassword=NEW)


async def test_a_new_password_must_be_one(writer: Client, sql: Sql) -> None:
    for new in ("short", "patient1@example.org", "x" * 300):
        assert await refused(writer, "changePassword", "patient", currentPassword=PASSWORD, newPassword=new) == [
            ("VALIDATION_ERROR", "newPassword")
        ]
    assert await sql.fetchval("SELECT count(*) FROM sign_in_attempts") == 0


async def test_who_has_no_password_cannot_prove_one(writer: Client, sql: Sql) -> None:
    await sql.execute("UPDATE users SET password_hash = NULL")
    assert await refused(writer, "changePassword", "patient", currentPassword="", newPassword=NEW) == [
        ("VALIDATION_ERROR", "currentPassword")
    ]


async def enrolled(writer: Client) -> tuple[pyotp.TOTP, list[str]]:
    """The patient's confirmed app, and her recovery codes."""
    secret = (await do(writer, "enrollTotp", "patient", password=PASSWORD))["secret"]
    app = pyotp.TOTP(secret)
    confirmed = await do(writer, "confirmTotp", "patient", code=app.at(NOW))
    return app, confirmed["recoveryCodes"]


async def test_sign_in_takes_what_was_enrolled_here(
    writer: Client, clinic: str, sql: Sql, installed: Configuration
) -> None:
    first = await do(writer, "enrollTotp", "patient", password=PASSWORD)
    assert first["uri"].startswith("otpauth://totp/Clinicgraph:patient1%40example.org?secret=")
    app, codes = await enrolled(writer)
    assert app.secret != first["secret"]
    assert len(set(codes)) == RECOVERY_CODES
    engine = create_async_engine(clinic.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with AsyncSession(engine) as session:
        for code, right in ((app.at(NOW), False), (app.at(NEXT), True), (codes[0].lower(), True), (codes[0], False)):
            used = await session.run_sync(totp.use_second_step, installed.secret, 2001, code, NOW)
            assert (used is not None) is right
    await engine.dispose()


async def test_an_app_is_confirmed_with_its_code(writer: Client, sql: Sql) -> None:
    wrong = [("VALIDATION_ERROR", "code")]
    assert await refused(writer, "confirmTotp", "patient", code="123456") == wrong
    secret = (await do(writer, "enrollTotp", "patient", password=PASSWORD))["secret"]
    right = pyotp.TOTP(secret).at(NOW)
    for code in ("", "12345", "١٢٣٤٥٦", "x" * 5000, str((int(right) + 1) % 1_000_000).zfill(6)):
        assert await refused(writer, "confirmTotp", "patient", code=code) == wrong
    await do(writer, "confirmTotp", "patient", code=f"{right[:3]} {right[3:]}")
    assert await refused(writer, "confirmTotp", "patient", code=right) == wrong
    assert await refused(writer, "enrollTotp", "patient", password=PASSWORD) == [("CONFLICT", None)]


@pytest.mark.parametrize("proof", ["password", "app", "recovery"])
async def test_disable_totp(writer: Client, sql: Sql, proof: str) -> None:
    app, codes = await enrolled(writer)
    assert await refused(writer, "disableTotp", "patient") == [("VALIDATION_ERROR", "password")]
    assert await refused(writer, "disableTotp", "patient", password=PASSWORD, code="1") == [
        ("VALIDATION_ERROR", "password")
    ]
    used = app.at(NOW)
    assert await refused(writer, "disableTotp", "patient", code=used) == [("VALIDATION_ERROR", "code")]
    given = {"password": {"password": PASSWORD}, "app": {"code": app.at(NEXT)}, "recovery": {"code": codes[3]}}
    await do(writer, "disableTotp", "patient", **given[proof])
    assert await sql.fetchval("SELECT count(*) FROM totp_credentials") == 0
    assert await sql.fetchval("SELECT count(*) FROM recovery_codes") == 0


async def test_codes_are_tried_five_times(writer: Client, sql: Sql) -> None:
    _, codes = await enrolled(writer)
    for _ in range(5):
        assert await refused(writer, "disableTotp", "patient", code="0") == [("VALIDATION_ERROR", "code")]
    assert await refused(writer, "disableTotp", "patient", code=codes[0]) == [("VALIDATION_ERROR", "code")]
    await do(writer, "disableTotp", "patient", password=PASSWORD)


async def test_secrets_are_not_kept_for_a_key(writer: Client, sql: Sql) -> None:
    secret = (await do(writer, "enrollTotp", "patient", password=PASSWORD, idempotencyKey="k"))["secret"]
    again = await refused(writer, "enrollTotp", "patient", password=PASSWORD, idempotencyKey="k")
    assert again == [("IDEMPOTENCY_CONFLICT", "idempotencyKey")]
    kept = await sql.fetchval("SELECT answer::text FROM idempotency_keys")
    assert secret not in kept


async def test_sessions_are_listed_and_ended_by_their_user(writer: Client, sql: Sql) -> None:
    for session_id, user_id in ((1, 2001), (2, 2001), (3, 2003), (4, 2001)):
        await signed_in(sql, session_id, user_id)
    await sql.execute("UPDATE browser_sessions SET last_seen_at = $1 WHERE id = 4", NOW - timedelta(hours=3))
    listing = "{ sessions { id browser address signedInAt usedSecondStep } }"
    listed = (await writer.ask(listing, viewer="patient")).data["sessions"]
    assert [each["id"] for each in listed] == [encode_id("BrowserSession", number) for number in (2, 1)]
    assert (listed[0]["browser"], listed[0]["usedSecondStep"]) == ("Firefox", True)
    for viewer in ("admin", "service", "doctor"):
        assert (await writer.ask(listing, viewer=viewer)).data["sessions"] == []
        node = await writer.ask(f'{{ node(id: "{listed[0]["id"]}") {{ id }} }}', viewer=viewer)
        assert node.data == {"node": None}
    not_hers = await refused(writer, "endSession", "patient", sessionId=encode_id("BrowserSession", 3))
    assert not_hers == [("NOT_FOUND", "sessionId")]
    assert await refused(writer, "endSession", "patient", sessionId=encode_id("User", 1)) == [
        ("VALIDATION_ERROR", "sessionId")
    ]
    ended = await do(writer, "endSession", "patient", sessionId=listed[0]["id"])
    assert ended["session"]["endedAt"] is not None
    assert await refused(writer, "endSession", "patient", sessionId=listed[0]["id"]) == [("NOT_FOUND", "sessionId")]
    assert await living(sql) == [(1, True), (3, True), (4, True)]
    await do(writer, "endAllSessions", "patient")
    assert await living(sql) == [(3, True)]


async def test_an_application_without_the_scope_is_refused(writer: Client) -> None:
    answer = await ask(writer, "updateMe", "patient without scopes", name="Zoë")
    assert answer.codes == ["FORBIDDEN"]
    assert (await writer.ask("{ sessions { id } }", viewer="patient without scopes")).codes == ["FORBIDDEN"]
