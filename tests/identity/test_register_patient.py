"""Registering: nobody learns whether an address is known, but whoever reads its mail does."""

import asyncio
from typing import Any, TypeAlias

import asyncpg
import pytest

from auth.oauth.configuration import Configuration
from domain.identity.deliver_mails import deliver_mails
from tests.auth.world import PASSWORD, Mailbox
from tests.client import VIEWERS, Client
from tests.clinic_data import NOW
from tests.identity.asks import ask, do, refused

NEW = {"name": "Nora New", "email": "Nora@Example.org", "password": PASSWORD}
Sql: TypeAlias = "asyncpg.Connection[Any]"


async def delivered(sql: Sql, configuration: Configuration) -> Mailbox:
    mailbox = Mailbox()
    await deliver_mails(sql, mailbox, configuration, NOW)
    return mailbox


async def test_a_patient_registers_verifies_and_is_one(writer: Client, sql: Sql, installed: Configuration) -> None:
    payload = await do(writer, "registerPatient", "anonymous", **NEW, dateOfBirth="1990-02-03", phone=" ")
    assert payload == {"email": "nora@example.org", "userErrors": []}
    (made,) = await sql.fetch(
        "SELECT u.*, p.date_of_birth, r.role FROM users u JOIN patients p ON p.user_id = u.id"
        " JOIN user_roles r ON r.user_id = u.id WHERE email = 'nora@example.org'"
    )
    assert (made["status"], made["role"], made["email_verified_at"], made["phone"]) == (
        "INVITED",
        "PATIENT",
        None,
        None,
    )
    assert str(made["date_of_birth"]) == "1990-02-03"
    assert made["password_hash"].startswith("$argon2id$")
    events = await sql.fetch("SELECT name FROM outbox_events ORDER BY id")
    assert [event["name"] for event in events] == ["user.created", "patient.created"]
    mailbox = await delivered(sql, installed)
    assert [(mail.to, mail.subject) for mail in mailbox.sent] == [("nora@example.org", "Confirm your address")]
    assert "Nora" not in mailbox.sent[0].text
    token = mailbox.link.partition("token=")[2]
    assert await do(writer, "verifyEmail", "anonymous", token=token) == payload
    assert await refused(writer, "verifyEmail", "anonymous", token=token) == [("NOT_FOUND", "token")]
    (verified,) = await sql.fetch("SELECT status, email_verified_at FROM users WHERE id = $1", made["id"])
    assert tuple(verified) == ("ACTIVE", NOW)


@pytest.mark.parametrize(
    ("status", "password", "subject"),
    [
        ("ACTIVE", "kept", "You already have an account"),
        ("INVITED", None, "Your account at Clinicgraph"),
        ("INVITED", "kept", "Confirm your address"),
        ("SUSPENDED", "kept", None),
    ],
)
async def test_a_known_address_gets_the_same_answer_and_another_mail(
    writer: Client, sql: Sql, installed: Configuration, status: str, password: str | None, subject: str | None
) -> None:
    await sql.execute("UPDATE users SET status = $1, password_hash = $2 WHERE id = 2001", status, password)
    unknown = await ask(writer, "registerPatient", "anonymous", **NEW)
    known = await ask(writer, "registerPatient", "anonymous", **NEW | {"email": "patient1@example.org"})
    assert known.body["data"]["registerPatient"]["userErrors"] == []
    assert known.statements == unknown.statements
    assert known.response.text.replace("patient1@", "nora@") == unknown.response.text
    (kept,) = await sql.fetch("SELECT name, status, password_hash FROM users WHERE id = 2001")
    assert tuple(kept) == ("Patient Z", status, password)
    mailbox = await delivered(sql, installed)
    assert [mail.subject for mail in mailbox.sent if mail.to == "patient1@example.org"] == [subject][: bool(subject)]


async def test_an_address_gets_five_mails_at_most(writer: Client, sql: Sql, installed: Configuration) -> None:
    answers = {(await ask(writer, "registerPatient", "anonymous", **NEW)).response.text for _ in range(7)}
    assert len(answers) == 1
    assert len((await delivered(sql, installed)).sent) == 5


async def test_two_who_register_one_address_at_once(clinic: str, sql: Sql) -> None:
    async with Client.of(clinic) as one, Client.of(clinic) as other:
        both = await asyncio.gather(*(ask(each, "registerPatient", "anonymous", **NEW) for each in (one, other)))
    assert both[0].response.text == both[1].response.text
    assert await sql.fetchval("SELECT count(*) FROM users WHERE email = 'nora@example.org'") == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "password"),
        ({"password": "nora@example.org"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"email": "nora"}, "email"),
        ({"email": "nora@example.org\nBcc: all@example.org"}, "email"),
        ({"email": "a@b.c" * 100}, "email"),
        ({"name": " "}, "name"),
        ({"name": "N\0ra"}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"phone": "call me"}, "phone"),
        ({"language": "klingon!"}, "language"),
        ({"dateOfBirth": "2026-06-16"}, "dateOfBirth"),
        ({"dateOfBirth": "1890-01-01"}, "dateOfBirth"),
    ],
)
async def test_what_cannot_be_is_named(writer: Client, sql: Sql, wrong: dict[str, str], field: str) -> None:
    before = await sql.fetchval("SELECT count(*) FROM users")
    assert await refused(writer, "registerPatient", "anonymous", **NEW | wrong) == [("VALIDATION_ERROR", field)]
    assert await sql.fetchval("SELECT count(*) FROM users") == before


async def test_nobody_registers_as_anything_else(writer: Client) -> None:
    answer = await ask(writer, "registerPatient", "anonymous", **NEW, role="ADMIN")
    assert answer.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("viewer", list(VIEWERS))
async def test_anybody_may(writer: Client, sql: Sql, viewer: str) -> None:
    await do(writer, "registerPatient", viewer, **NEW)


async def test_not_where_another_issuer_signs_people_in(writer: Client, sql: Sql) -> None:
    writer.app.endpoint.installation = None
    assert await refused(writer, "registerPatient", "anonymous", **NEW) == [("FORBIDDEN", None)]
    assert await refused(writer, "verifyEmail", "anonymous", token="any") == [("FORBIDDEN", None)]


async def test_a_link_that_is_not_good(writer: Client, sql: Sql, installed: Configuration) -> None:
    await do(writer, "registerPatient", "anonymous", **NEW)
    first = (await delivered(sql, installed)).link.partition("token=")[2]
    await do(writer, "registerPatient", "anonymous", **NEW)
    second = (await delivered(sql, installed)).link.partition("token=")[2]
    assert await refused(writer, "verifyEmail", "anonymous", token=first) == [("NOT_FOUND", "token")]
    assert await refused(writer, "verifyEmail", "anonymous", token="") == [("NOT_FOUND", "token")]
    await sql.execute("UPDATE users SET status = 'SUSPENDED' WHERE email = 'nora@example.org'")
    assert await refused(writer, "verifyEmail", "anonymous", token=second) == [("NOT_FOUND", "token")]
    await sql.execute("UPDATE users SET status = 'INVITED' WHERE email = 'nora@example.org'")
    await sql.execute("UPDATE one_time_links SET expires_at = $1 WHERE used_at IS NULL", NOW)
    assert await refused(writer, "verifyEmail", "anonymous", token=second) == [("NOT_FOUND", "token")]
