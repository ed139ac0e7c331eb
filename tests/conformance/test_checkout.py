"""From booking to confirmed in a real browser: the sandbox's checkout page, at a server of its own with demo data.

Needs Debian's Chromium. With SCREENSHOTS=<folder>, pictures are kept there.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from playwright.async_api import Page, async_playwright, expect

from schema.node import encode_id
from server.seed import Sizes, seed
from tests.conformance.test_graphiql import ARGUMENTS, CHROMIUM
from tests.server.test_serve import command, said, serving

SMALL = Sizes(clinics=5, doctors=14, patients=150, slots=2_400, appointments=900, payments=700)
PREPAID = """
    INSERT INTO clinic_policies (clinic_id, version, confirmation, payment_window)
    SELECT c.id, 1 + coalesce(max(p.version), 0), 'PAYMENT', interval '30 minutes'
    FROM clinics c LEFT JOIN clinic_policies p ON p.clinic_id = c.id GROUP BY c.id
"""
FREE = """
    SELECT s.id FROM slots s JOIN doctors d ON d.id = s.doctor_id
    WHERE s.starts_at > now() + interval '3 days' AND s.is_active AND s.booked_count + s.held_count = 0
      AND d.status = 'APPROVED' AND (d.licence_expires_on IS NULL OR d.licence_expires_on > s.local_day)
      AND NOT EXISTS (SELECT FROM appointments a JOIN patients p ON p.id = a.patient_id JOIN users u ON u.id = p.user_id
                      WHERE u.email = 'patient@example.org' AND a.local_day = s.local_day)
    ORDER BY s.starts_at DESC LIMIT 1
"""
BOOK = """mutation ($input: BookAppointmentInput!) { bookAppointment(input: $input) {
    appointment { id status payBy } userErrors { code message } } }"""
PAY = """mutation ($input: CreatePaymentSessionInput!) { createPaymentSession(input: $input) {
    payment { status amount { amount } } checkoutUrl userErrors { code message } } }"""
SEE = "query ($id: ID!) { appointment(id: $id) { status payment { status captured { amount } refunded { amount } } } }"
CANCEL = """mutation ($input: CancelAppointmentInput!) { cancelAppointment(input: $input) { userErrors { code } } }"""


@dataclass
class Visit:
    """A patient with a token, and her browser."""

    http: httpx.AsyncClient
    page: Page
    dsn: str
    pictures: Path
    complaints: list[str] = field(default_factory=list)
    failed: list[tuple[int, str]] = field(default_factory=list)
    paid_at: str = ""

    async def ask(self, document: str, **variables: Any) -> Any:
        body = (await self.http.post("/graphql", json={"query": document, "variables": variables})).json()
        assert "errors" not in body, body
        return body["data"]

    async def book(self) -> str:
        connection = await asyncpg.connect(self.dsn)
        slot_id = await connection.fetchval(FREE)
        await connection.close()
        payload = (await self.ask(BOOK, input={"slotId": encode_id("Slot", slot_id), "idempotencyKey": "book"}))[
            "bookAppointment"
        ]
        assert payload["userErrors"] == []
        assert payload["appointment"]["status"] == "PENDING"
        return str(payload["appointment"]["id"])

    async def checkout(self, appointment_id: str) -> str:
        about = {"appointmentId": appointment_id, "returnUrl": f"{self.http.base_url}/healthz", "idempotencyKey": "pay"}
        payload = (await self.ask(PAY, input=about))["createPaymentSession"]
        assert payload["userErrors"] == []
        self.paid_at = urlsplit(payload["checkoutUrl"]).path
        return str(payload["checkoutUrl"])

    async def until(self, appointment_id: str, status: str, paid: str) -> Any:
        """The appointment, once webhooks and worker have brought it there."""
        async with asyncio.timeout(30):
            while True:
                seen = (await self.ask(SEE, id=appointment_id))["appointment"]
                if (seen["status"], seen["payment"]["status"]) == (status, paid):
                    return seen
                await asyncio.sleep(0.1)

    async def picture(self, name: str) -> None:
        await self.page.screenshot(path=self.pictures / f"checkout-{name}.png")


@pytest.fixture
async def visit(database: str, tmp_path: Path) -> AsyncIterator[Visit]:
    await seed(database, SMALL, seed=1, now=datetime.now(UTC), demo_password=True)
    connection = await asyncpg.connect(database)
    await connection.execute(PREPAID)
    await connection.close()
    async with serving(database, tmp_path) as (http, _), async_playwright() as playwright:
        place = {"DATABASE_URL": database, "CLINICGRAPH_DATA_DIR": str(tmp_path)}
        port = {"CLINICGRAPH_PORT": str(http.base_url.port)}
        code, token = await said(await command("token", "--role", "patient", **place, **port))
        assert code == 0, token
        http.headers["Authorization"] = f"Bearer {token.split()[-1]}"
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await browser.new_page()
        made = Visit(http, page, database, Path(os.environ.get("SCREENSHOTS") or tmp_path))
        page.on("console", lambda told: made.complaints.append(told.text) if told.type != "log" else None)
        page.on(
            "response",
            lambda got: made.failed.append((got.status, urlsplit(got.url).path)) if got.status >= 400 else None,
        )
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        yield made
        await browser.close()


async def test_from_booking_to_confirmed_and_back(visit: Visit) -> None:
    """Declined once, then paid: the booking is confirmed. Called off in time, the money comes back by itself."""
    appointment_id = await visit.book()
    await visit.page.goto(await visit.checkout(appointment_id))
    await visit.picture("open")
    await visit.page.get_by_role("button", name="Pay with a card that is declined").click()
    await expect(visit.page.get_by_text("The card was declined")).to_be_visible()
    await visit.picture("declined")
    await visit.until(appointment_id, "PENDING", "FAILED")
    await visit.page.get_by_role("button", name="Pay ", exact=False).first.click()
    await visit.page.wait_for_url("**/healthz")
    seen = await visit.until(appointment_id, "CONFIRMED", "CAPTURED")
    await visit.page.goto(await visit.checkout(appointment_id))
    await visit.picture("paid")
    await visit.ask(CANCEL, input={"appointmentId": appointment_id, "reason": "ill", "idempotencyKey": "cancel"})
    back = await visit.until(appointment_id, "CANCELLED", "REFUNDED")
    assert back["payment"]["refunded"] == seen["payment"]["captured"]
    assert [told for told in visit.complaints if not told.startswith("Failed to load resource")] == []
    assert {(status, path) for status, path in visit.failed if path != "/favicon.ico"} == {(402, visit.paid_at)}
