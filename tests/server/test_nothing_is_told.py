"""Nothing of patients, and nothing secret, reaches log, metrics or spans: the whole corpus as all its viewers,
requests that fail, and a sign-in are run, and what was written is searched for what was stored and sent."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import asyncpg
import httpx
import pytest

from models.enums import Role
from server.app import create_app
from server.identity import configuration_of, prepare
from server.logs import JsonLines
from server.metrics_endpoint import exposition
from server.oauth.commands import issue_demo_token
from server.settings import Settings
from tests.auth.world import AT, PASSWORD, Browser, password_hash
from tests.client import Client
from tests.clinic_data import NOW
from tests.server.spans import Spans
from tests.test_operations import FILES, headers, viewers

STORED = """
    SELECT unnest(array[name, email, phone]) FROM users
    UNION SELECT unnest(array[date_of_birth::text, allergies, emergency_contact]) FROM patients
    UNION SELECT unnest(array[address, email, phone]) FROM clinics
    UNION SELECT licence_number FROM doctors WHERE length(licence_number) > 4
"""
ARGUMENTS = ("Zanzibarova", "zoe.zanzibarova@example.org", "1931-07-23", "reason-of-the-visit")
ASKED = """mutation ZanzibarovaOperation($key: String!) {
  cancelAppointment(input: { id: "Zanzibarova", reason: "reason-of-the-visit", idempotencyKey: $key }) {
    userErrors { code }
  }
}"""


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def log() -> Iterator[StringIO]:
    """All that is logged, down to the least important."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(lambda record: not record.name.startswith("httpx"))  # the tests' own client
    loggers = [logging.getLogger(), logging.getLogger("clinicgraph.requests")]
    levels = [each.level for each in loggers]
    loggers[0].addHandler(handler)
    for each in loggers:
        each.setLevel(logging.INFO)
    yield stream
    loggers[0].removeHandler(handler)
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)


async def stored(dsn: str) -> set[str]:
    """What the database says of people."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(STORED)
    await connection.close()
    return {row[0] for row in rows if row[0] is not None and len(row[0]) > 3}


def found(log: StringIO, spans: Spans, secrets: set[str]) -> set[str]:
    """Which of these were written. Spans tell the names that clients give their operations, as logs do not."""
    told = spans.text().replace("ZanzibarovaOperation", "")
    assert len(spans.all()) > 10
    written = (log.getvalue() + exposition().decode() + told).lower()
    assert written.count('"message":"request"') > 5
    return {each for each in secrets if each.lower() in written}


async def test_of_the_corpus(clinic: str, log: StringIO, spans: Spans) -> None:
    secrets = await stored(clinic) | set(ARGUMENTS)
    assert {"Patient Z", "patient1@example.org", "Ada Admin"} <= secrets
    async with Client.of(clinic, parts=spans.parts) as client:
        for file in FILES:
            text = file.read_text()
            variables = json.loads(headers(text).get("variables", "{}"))
            secrets |= {str(value) for value in variables.values() if isinstance(value, str) and len(value) > 8}
            for viewer in viewers(file):
                await client.ask(text, variables, viewer=viewer)
        for viewer in ("patient", "staff", "anonymous"):
            await client.ask(ASKED, {"key": "1931-07-23"}, viewer=viewer)
            await client.ask(ASKED, {"key": ["zoe.zanzibarova@example.org"]}, viewer=viewer)
            await client.ask('{ patients(filter: { name: "Zanzibarova" }) { zanzibarova } }', viewer=viewer)
            await client.ask('{ doctors(first: "Zanzibarova") ', viewer=viewer)
        await client.http.get("/zanzibarova?name=Zanzibarova", headers={"x-test-viewer": "service"})
        await client.http.post(
            "/graphql",
            json={"query": "{ __typename }", "documentId": "Zanzibarova"},
            headers={"x-test-viewer": "service", "x-request-id": "Zanzibarova 1931-07-23", "user-agent": "Zanzibarova"},
        )
    assert found(log, spans, secrets) == set()


async def test_of_bugs(clinic: str, log: StringIO, spans: Spans) -> None:
    """PostgreSQL's errors quote rows; ours must not."""
    connection = await asyncpg.connect(clinic)
    await connection.execute("ALTER TABLE users RENAME COLUMN email TO mail")
    await connection.execute("ALTER TABLE users ADD CONSTRAINT breaks CHECK (name <> 'Zanzibarova')")
    await connection.close()
    async with Client.of(clinic, parts=spans.parts) as client:
        for _ in range(6):
            await client.ask("{ me { email } }", viewer="patient")
        answer = await client.ask(
            'mutation { updateMe(input: { name: "Zanzibarova" }) { userErrors { code } } }', viewer="patient"
        )
    assert "INTERNAL_SERVER_ERROR" in answer.codes
    assert '"level":"error"' in log.getvalue()
    assert found(log, spans, {*ARGUMENTS, "Patient Z", "patient1@example.org"}) == set()


async def test_of_a_sign_in(clinic: str, log: StringIO, spans: Spans, tmp_path: Path) -> None:
    connection = await asyncpg.connect(clinic)
    await connection.execute("UPDATE users SET password_hash = $1", password_hash())
    await connection.close()
    settings = Settings(data_dir=tmp_path, public_url=AT, secret_key="a-secret-key-of-at-least-32-characters")
    await prepare(clinic, settings, lambda: NOW)
    token = await issue_demo_token(clinic, configuration_of(settings), Role.PATIENT, NOW, user="patient1@example.org")
    app = create_app(clinic, settings, clock=lambda: NOW, parts=spans.parts)
    cookies: set[str] = set()
    async with app.lifespan, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=AT) as http:
        browser = Browser(http)
        await browser.sign_in("patient1@example.org", "a wrong password")
        await browser.sign_in("patient1@example.org", PASSWORD)
        cookies = {cookie.value for cookie in http.cookies.jar if cookie.value is not None}
        assert cookies
        await browser.open("/oauth/forgotten?email=patient1@example.org")
        await browser.open("/oauth/reset?token=a-token-of-a-link-in-a-mail")
        for given in (token, token + "x", "nonsense-that-is-no-token"):
            for query in ("{ me { email } }", "{ __typename }"):
                await http.post("/graphql", json={"query": query}, headers={"authorization": f"Bearer {given}"})
        basic = ("a-client-that-is-unknown", "the-secret-of-a-client")
        await http.post(
            "/oauth/token", data={"grant_type": "refresh_token", "refresh_token": "a-refresh-token"}, auth=basic
        )
    secrets = (
        await stored(clinic) | cookies | {token, token.split(".")[2], PASSWORD, "a wrong password", password_hash()}
    )
    secrets |= {
        "a-token-of-a-link-in-a-mail",
        "a-refresh-token",
        *basic,
        "nonsense-that-is-no-token",
        "a-secret-key-of",
    }
    assert found(log, spans, secrets) == set()
