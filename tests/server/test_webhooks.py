"""The endpoint for webhooks: what it takes, what it refuses, and what a gateway is to send again."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.applications import Starlette

from gateways.payments import GatewayEvent, GatewayUnavailable, PaymentGateway
from gateways.payments.signature import sign
from gateways.payments.stripe import StripeGateway
from models.enums import PaymentEventKind
from server.webhooks import LARGEST, GatewayWebhooks
from tests.gateways.orders import NOW, SECRET

PATH = "/webhooks/gateway/stripe"
EVENT = {
    "id": "evt_1",
    "type": "payment_intent.succeeded",
    "created": int(NOW.timestamp()),
    "data": {"object": {"id": "pi_1", "amount_received": 700, "currency": "eur", "metadata": {"payment": "pay_17"}}},
}
BODY = json.dumps(EVENT)
GATEWAYS: dict[str, PaymentGateway] = {"stripe": StripeGateway("sk_test_unused", SECRET)}


class Domain:
    """What the rules make of an event."""

    def __init__(self) -> None:
        self.received: list[GatewayEvent] = []
        self.error: Exception | None = None

    async def receive(self, event: GatewayEvent) -> None:
        if self.error is not None:
            raise self.error
        self.received.append(event)


@pytest.fixture
def domain() -> Domain:
    return Domain()


@pytest.fixture
async def client(domain: Domain) -> AsyncIterator[httpx.AsyncClient]:
    webhooks = GatewayWebhooks(GATEWAYS.get, domain.receive, lambda: NOW)
    transport = httpx.ASGITransport(Starlette(routes=webhooks.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://clinicgraph.test") as client:
        yield client


def signed(body: str, **more: Any) -> dict[str, str]:
    return {"Stripe-Signature": sign(body, SECRET, more.get("at", NOW))}


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"]
    return answer.status_code, body["code"]


async def test_an_event_is_received(client: httpx.AsyncClient, domain: Domain) -> None:
    answer = await client.post(PATH, content=BODY, headers=signed(BODY))

    assert answer.status_code == 200
    [event] = domain.received
    assert (event.kind, event.amount_minor, event.payment) == (PaymentEventKind.CAPTURED, 700, "pay_17")
    assert event.payload == EVENT


async def test_it_is_the_bytes_that_were_signed(client: httpx.AsyncClient, domain: Domain) -> None:
    """Which a parser that writes them again would change."""
    body = '{ "id":"evt_1",  "type":"x", "created":1.0e0, "data":{"object":{}}}'.replace("1.0e0", "1795262400")

    assert (await client.post(PATH, content=body, headers=signed(body))).status_code == 200
    assert domain.received[0].kind is PaymentEventKind.OTHER


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (BODY, {}, "BAD_SIGNATURE"),
        (BODY, signed("{}"), "BAD_SIGNATURE"),
        (BODY.replace("700", "7"), signed(BODY), "BAD_SIGNATURE"),
        (BODY, signed(BODY, at=NOW - timedelta(seconds=301)), "STALE"),
        ("[]", signed("[]"), "MALFORMED"),
        ("", signed(""), "MALFORMED"),
    ],
)
async def test_what_cannot_be_trusted_is_refused(
    client: httpx.AsyncClient,
    domain: Domain,
    caplog: pytest.LogCaptureFixture,
    body: str,
    headers: dict[str, str],
    code: str,
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await client.post(PATH, content=body, headers=headers)

    assert problem(answer) == (400, code)
    assert domain.received == []
    ours = [record.getMessage() for record in caplog.records if record.name == "server.webhooks"]
    assert ours == [f"a webhook for stripe was refused: {code}"]


async def test_an_unknown_provider_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.post("/webhooks/gateway/unknown", content=BODY, headers=signed(BODY))

    assert problem(answer) == (404, "NOT_FOUND")


async def test_only_posts(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH)).status_code == 405


@pytest.mark.parametrize("said", [True, False])
async def test_a_body_is_read_up_to_a_limit(client: httpx.AsyncClient, said: bool) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read <= LARGEST * 4:
            read += 65_536
            yield b" " * 65_536

    body = b" " * (LARGEST + 1) if said else endless()
    answer = await client.post(PATH, content=body, headers=signed(BODY))

    assert problem(answer) == (413, "TOO_LARGE")
    assert read <= LARGEST + 2 * 65_536


async def test_a_body_at_the_limit_is_read(client: httpx.AsyncClient, domain: Domain) -> None:
    body = BODY + " " * (LARGEST - len(BODY))

    assert (await client.post(PATH, content=body, headers=signed(body))).status_code == 200
    assert len(domain.received) == 1


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("INSERT", {}, Exception("gone")),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.AdminShutdownError("terminating"),
        asyncpg.TooManyConnectionsError("full"),
        asyncpg.DeadlockDetectedError("again"),
        ConnectionRefusedError(),
        TimeoutError(),
        GatewayUnavailable("away"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_could_not_be_stored_is_to_be_sent_again(
    client: httpx.AsyncClient, domain: Domain, error: Exception
) -> None:
    domain.error = error
    answer = await client.post(PATH, content=BODY, headers=signed(BODY))
    domain.error = None
    again = await client.post(PATH, content=BODY, headers=signed(BODY))

    assert problem(answer) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["retry-after"]
    assert again.status_code == 200
    assert len(domain.received) == 1


async def test_a_bug_is_not_taken_for_an_outage(client: httpx.AsyncClient, domain: Domain) -> None:
    domain.error = IntegrityError("INSERT", {}, Exception("refused"))

    with pytest.raises(IntegrityError):
        await client.post(PATH, content=BODY, headers=signed(BODY))
