"""Nothing of patients, and nothing secret, reaches log, metrics or spans: the whole corpus as all its viewers, streams,
exports, requests that fail, and a sign-in are run, and what was written is searched for what was stored and sent.

tests/telling.py looks through the logs of all other tests, by the form of what must not be in them."""

import hashlib
import json
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import asyncpg
import httpx
import pytest
from starlette.types import Scope

from auth.viewer import Viewer
from models.enums import Role
from schema.node import encode_id
from server.app import create_app
from server.graphql_request import RequestRefused
from server.identity import configuration_of, prepare
from server.logs import JsonLines
from server.metrics_endpoint import exposition
from server.oauth.commands import issue_demo_token
from server.settings import Settings
from tests.auth.world import AT, PASSWORD, Browser, password_hash
from tests.client import Client, viewer_of
from tests.clinic_data import NOW
from tests.server.spans import Spans
from tests.streams.deeds import hold
from tests.streams.serving import serving
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

WATCH = """subscription ($doctor: ID!) {
  slotAvailabilityChanged(doctorId: $doctor) { event slot { id availableSeats } }
}"""
BROKEN = 'subscription { slotAvailabilityChanged(doctorId: "Zanzibarova") { event } }'
NAMED = {"name": "Zanzibarova", "email": "zoe.zanzibarova@example.org", "born": "1931-07-23", "key": "Zanzibarova"}
TOKEN = "a-token-of-a-connection"
INSERT_EVENT = """
INSERT INTO outbox_events (name, aggregate, aggregate_id, sequence, payload)
VALUES ('slot.changed', 'Slot', 170, 1, '{"slot_id": 170, "doctor_id": 1, "clinic_id": 1}')
"""


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


async def test_of_plain_requests(clinic: str, log: StringIO, spans: Spans) -> None:
    """Addresses hold arguments too: of exports, and of operations that are named and not sent."""
    named, doctor, day = hashlib.sha256(WATCH.encode()).hexdigest(), encode_id("Doctor", 1), "2026-06-10"
    async with Client.of(clinic, parts=spans.parts) as client:

        async def get(path: str, viewer: str, **parameters: str) -> None:
            headers = {"x-test-viewer": viewer, "graphql-require-preflight": "1", "referer": "Zanzibarova"}
            await client.http.get(path, params=parameters, headers=headers)

        for viewer in ("admin", "doctor", "patient"):
            for table in ("appointments", "days", "zanzibarova"):
                await get(f"/exports/{table}.csv", viewer, **{"from": day, "to": "2026-06-20", "doctorId": doctor})
                await get(f"/exports/{table}.csv", viewer, **{"from": ARGUMENTS[1], "to": day, "doctorId": doctor})
                await get(f"/exports/{table}.csv", viewer, **{"from": day, "to": day, "Zanzibarova": "1931-07-23"})
            persisted = {"persistedQuery": {"version": 1, "sha256Hash": named}}
            variables = json.dumps(NAMED)
            await get("/graphql", viewer, extensions=json.dumps(persisted), variables=variables)
            await get("/graphql", viewer, query="{ doctors { zanzibarova } }", variables=variables, Zanzibarova="1")
            await get("/graphql", viewer, query="{ doctors(first: 1) { edges { cursor } } }", variables=variables)
            await get("/graphql", viewer, query="{ __typename }", variables=ARGUMENTS[1])
    secrets = await stored(clinic) | set(ARGUMENTS) | {doctor, day}
    assert found(log, spans, secrets) == set()


async def test_of_streams(clinic: str, log: StringIO, spans: Spans) -> None:
    """What a connection begins with, what an operation is asked with, and what goes wrong with either."""

    async def known(scope: Scope) -> Viewer:
        given = dict(scope["headers"])
        if given.get(b"authorization") == f"Bearer {TOKEN}x".encode():
            raise RequestRefused(401, "the token has expired", code="UNAUTHENTICATED")
        return await viewer_of(scope)

    asked = {"doctor": encode_id("Doctor", 1), **NAMED}
    init = {"authorization": f"Bearer {TOKEN}", **NAMED}
    async with serving(clinic, parts=spans.parts, viewer_of=known) as served:
        for bad in ({**init, "authorization": f"Bearer {TOKEN}x"}, {**init, "authorization": [TOKEN]}):
            async with served.socket(init=False) as socket:
                await socket.say(type="connection_init", payload=bad)
                await socket.closed()
        async with served.socket(init=False) as socket:
            await socket.say(type="Zanzibarova", id="1931-07-23", payload=init)
            await socket.closed()
        async with served.socket(init=False) as socket, served.events(WATCH, asked, authorization=TOKEN) as events:
            await socket.say(type="connection_init", payload=init)
            await socket.say(type="ping", payload=NAMED)
            for number, query in enumerate((WATCH, ASKED, "{ zanzibarova }", '{ doctor(id: "Zanzibarova', BROKEN)):
                payload = {"query": query, "variables": asked, "extensions": init}
                await socket.say(type="subscribe", id=f"Zanzibarova {number}", payload=payload)
            over = 0
            while over < 4:
                over += (await socket.hear())["type"] in ("error", "complete")
            for query in (ASKED, "{ zanzibarova }", BROKEN):
                async with served.events(query, asked, authorization=f"Bearer {TOKEN}x") as refused:
                    assert refused.response.status_code == 401
                async with served.events(query, asked) as others:
                    await others.hear()
            await hold(served, 160)
            assert (await events.hear())[0] == "next"
            sql = await asyncpg.connect(clinic)
            await sql.execute("ALTER TABLE slots RENAME COLUMN capacity TO zanzibarova")
            await sql.execute(INSERT_EVENT)
            await sql.close()
            while (message := await socket.hear())["type"] != "error" and "errors" not in message["payload"]:
                pass
    assert '"level":"error"' in log.getvalue()
    assert found(log, spans, await stored(clinic) | {*ARGUMENTS, TOKEN, asked["doctor"]}) == set()


async def test_of_bugs(clinic: str, log: StringIO, spans: Spans) -> None:
    """PostgreSQL's errors quote rows; ours must not."""
    connection = await asyncpg.connect(clinic)
    await connection.execute("ALTER TABLE users RENAME COLUMN email TO mail")
    await connection.execute("ALTER TABLE users ADD CONSTRAINT breaks CHECK (name <> 'Zanzibarova')")
    await connection.close()
    async with Client.of(clinic, parts=spans.parts) as client:
        for _ in range(6):
            await client.ask("{ whoSheIs: me { jane: email } }", viewer="patient")
        answer = await client.ask(
            'mutation { updateMe(input: { name: "Zanzibarova" }) { userErrors { code } } }', viewer="patient"
        )
    assert "INTERNAL_SERVER_ERROR" in answer.codes
    assert '"level":"error"' in log.getvalue()
    assert "whoSheIs" not in log.getvalue(), "an alias is a client's own word"
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
        await http.get(f"/oauth/authorize?client_id=Zanzibarova&state={ARGUMENTS[1]}&login_hint={ARGUMENTS[1]}")
        for provider in ("sandbox", "stripe", "zanzibarova"):
            body = json.dumps({"id": "Zanzibarova", "data": {"object": {"email": ARGUMENTS[1], "born": "1931-07-23"}}})
            signature = {"stripe-signature": "t=1,v1=a-signature-that-is-none"}
            await http.post(f"/webhooks/gateway/{provider}", content=body, headers=signature)
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
        "a-signature-that-is-none",
        *ARGUMENTS,
        "a-secret-key-of",
    }
    assert found(log, spans, secrets) == set()
