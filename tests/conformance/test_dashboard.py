"""The dashboard page in a real browser, at a server of its own with demo data.

Needs the bundles (`python web/build.py`) and Debian's Chromium. With SCREENSHOTS=<folder>, pictures are kept there.
"""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from schema.node import encode_id
from server import pages
from server.seed import Sizes, seed
from server.seed.demo_password import DEMO_PASSWORD
from tests.conformance.test_graphiql import ARGUMENTS, CHROMIUM, RECORD_VIOLATIONS
from tests.conformance.test_graphiql_sign_in import TOKEN
from tests.server.test_serve import command, said, serving

SMALL = Sizes(clinics=5, doctors=14, patients=150, slots=2_400, appointments=900, payments=700)
AXE = pages.DIST.parent / "node_modules" / "axe-core" / "axe.min.js"
SESSION = "JSON.parse(sessionStorage['clinicgraph.dashboard.session'] ?? null)"
WIDE, NARROW = (1440, 1000), (390, 844)
DOCTOR = "SELECT d.id FROM doctors d JOIN users u ON u.id = d.user_id WHERE u.email = 'doctor@example.org'"
PATIENT = """
    SELECT p.id FROM patients p WHERE p.status = 'ACTIVE' AND NOT EXISTS (
      SELECT FROM appointments a WHERE a.patient_id = p.id AND abs(extract(epoch FROM a.starts_at - now())) < 200000)
    ORDER BY p.id OFFSET $1 LIMIT 1
"""
RENAME = "UPDATE users SET name = $2 WHERE id = (SELECT user_id FROM patients WHERE id = $1)"
CLINIC = "SELECT clinic_id FROM doctor_clinics WHERE doctor_id = $1 AND ended_at IS NULL ORDER BY clinic_id LIMIT 1"
# So that much of today is left there, whenever this runs.
IN_THE_MORNING = "UPDATE clinics SET time_zone = $1 WHERE id = $2"
# Today at the clinic, and near enough for a check-in: a seat more in what the doctor has next, or a slot of its own.
MAKE_ROOM = """
    WITH today AS (SELECT time_zone AS zone, (now() AT TIME ZONE time_zone)::date AS day FROM clinics WHERE id = $2),
    room AS (
      UPDATE slots SET capacity = capacity + 1 WHERE id = (
        SELECT s.id FROM slots s, today WHERE s.doctor_id = $1 AND s.clinic_id = $2 AND s.is_active
          AND s.local_day = today.day AND s.starts_at > now() + interval '5 minutes'
          AND s.starts_at < now() + interval '90 minutes'
        ORDER BY s.starts_at LIMIT 1)
      RETURNING id
    ), made AS (
      INSERT INTO slots (doctor_id, clinic_id, starts_at, ends_at, blocked_until)
      SELECT $1, $2, at, at + interval '5 minutes', at + interval '5 minutes' FROM today,
        generate_series(now() + interval '5 minutes', now() + interval '1 day', interval '1 minute') at
      WHERE NOT EXISTS (SELECT FROM room) AND (at AT TIME ZONE zone)::date = day AND NOT EXISTS (
        SELECT FROM slots s WHERE s.doctor_id = $1
          AND tstzrange(s.starts_at, s.blocked_until) && tstzrange(at, at + interval '5 minutes'))
      ORDER BY at LIMIT 1 RETURNING id
    )
    SELECT id FROM room UNION ALL SELECT id FROM made
"""
Scheme = Literal["light", "dark"]


@dataclass
class Site:
    """A server, and a browser that is at it."""

    at: str
    dsn: str
    browser: Browser
    pictures: Path
    token: str
    """An administrator's."""

    async def visit(self, size: tuple[int, int] = WIDE, scheme: Scheme = "light") -> "Visit":
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, accept_downloads=True
        )
        await context.add_init_script(RECORD_VIOLATIONS)
        visit = Visit(self, await context.new_page())
        visit.watch()
        await visit.page.goto(self.at)
        return visit

    async def sql(self, query: str, *arguments: object) -> Any:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()


@dataclass
class Visit:
    """A tab at the dashboard, and what it has asked and complained of."""

    site: Site
    page: Page
    complaints: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type != "log" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.addresses.append(request.url))

    async def sign_in(self, person: str) -> None:
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.get_by_label("Email address").fill(f"{person}@example.org")
        await self.page.get_by_label("Password").fill(DEMO_PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.page.get_by_role("button", name="Allow", exact=True).click()
        await expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    async def picture(self, name: str) -> None:
        await self.page.screenshot(path=self.site.pictures / f"dashboard-{name}.png", full_page=True)

    async def check(self) -> None:
        """Accessible, within the screen, quiet, and at no other host."""
        await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("axe.run().then(({ violations }) => violations)")
        assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found] == []
        assert await self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert await self.page.evaluate("window.violations") == []
        assert self.complaints == []
        hosts = {urlsplit(address).netloc for address in self.addresses if not address.startswith("blob:")}
        assert hosts == {urlsplit(self.site.at).netloc}
        assert not [address for address in self.addresses if TOKEN.search(address)], "a token in an address"


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    assert (pages.DIST / "manifest.json").is_file(), "build the bundles first: python web/build.py"
    await seed(database, SMALL, seed=1, now=datetime.now(UTC), demo_password=True)
    pictures = Path(os.environ.get("SCREENSHOTS", tmp_path))
    pictures.mkdir(parents=True, exist_ok=True)
    async with serving(database, tmp_path) as (http, _), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        at = str(http.base_url)
        place = {"DATABASE_URL": database, "CLINICGRAPH_DATA_DIR": str(tmp_path)}
        code, token = await said(await command("token", "--role", "admin", CLINICGRAPH_PUBLIC_URL=at, **place))
        assert code == 0, token
        yield Site(at, database, browser, pictures, token.strip())
        await browser.close()


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide light", "narrow dark"])
async def test_a_doctor_sees_her_day(site: Site, size: tuple[int, int], scheme: Scheme) -> None:
    doctor = await site.sql(DOCTOR)
    for _ in range(3):
        await book(site, doctor, await site.sql(PATIENT, 0))
    visit = await site.visit(size, scheme)
    page = visit.page
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await visit.picture(f"signed-out-{size[0]}-{scheme}")
    await visit.check()
    await visit.sign_in("doctor")
    await expect(page.get_by_role("heading", name="Today")).to_be_visible()
    await expect(page.locator(".live")).to_have_text("Live")
    await expect(page.locator(".tile").filter(has_text="Appointments").locator("strong")).not_to_have_text("0")
    await expect(page.locator("figure svg .bar").first).to_be_visible()
    await visit.picture(f"doctor-{size[0]}-{scheme}")
    await visit.check()
    assert page.url == f"{site.at}/", "nothing of the redirect stays in the address"


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "dark"), (NARROW, "light")], ids=["wide dark", "narrow light"])
async def test_an_administrator_sees_everything(site: Site, size: tuple[int, int], scheme: Scheme) -> None:
    visit = await site.visit(size, scheme)
    page = visit.page
    await visit.sign_in("admin")
    await page.get_by_role("button", name="90 days").click()
    await expect(page.get_by_role("heading", name="Load by weekday and hour")).to_be_visible()
    await expect(page.locator("[aria-busy=false]")).to_be_visible()
    for summary in await page.locator("summary").all():
        await summary.click()
    await visit.check()
    for summary in await page.locator("summary").all():
        await summary.click()
    await visit.picture(f"admin-{size[0]}-{scheme}")

    name = await page.locator("select option").nth(1).inner_text()
    await page.get_by_label("Show").select_option(label=name)
    await expect(page.get_by_role("heading", name="Today")).to_be_visible()
    await visit.picture(f"clinic-{size[0]}-{scheme}")
    await visit.check()


async def test_what_others_do_appears_by_itself(site: Site) -> None:
    """A booking and a cancellation made elsewhere, and a step made here."""
    doctor, patient, another = await site.sql(DOCTOR), await site.sql(PATIENT, 0), await site.sql(PATIENT, 1)
    await site.sql(RENAME, patient, "Quentin Quick")
    await site.sql(RENAME, another, "Olga Other")
    visit = await site.visit()
    page = visit.page
    await visit.sign_in("doctor")
    await expect(page.locator(".live")).to_have_text("Live")
    visits = page.locator(".visit")  # by name: those that end meanwhile are folded away
    await book(site, doctor, patient)
    row = visits.filter(has_text="Quentin Quick")
    await expect(row).to_have_count(1)
    if await row.get_by_role("button", name="Confirm").count():
        await row.get_by_role("button", name="Confirm").click()
    await row.get_by_role("button", name="Check in").press("Enter")
    await expect(row.locator(".status")).to_have_text("Checked in")
    await expect(page.locator(".said")).to_have_text("Check in: done for Quentin Quick.")
    await row.get_by_role("button", name="Start").press("Enter")
    await expect(row.locator(".status")).to_have_text("In progress")

    other = await book(site, doctor, another)
    await expect(visits.filter(has_text="Olga Other")).to_have_count(1)
    await write(
        site,
        "mutation ($input: CancelAppointmentInput!) { cancelAppointment(input: $input) { userErrors { message } } }",
        {"appointmentId": other, "reason": "Out of town"},
    )
    await expect(visits.filter(has_text="Olga Other")).to_have_count(0)
    await visit.check()


async def test_a_table_is_saved_with_the_token(site: Site) -> None:
    visit = await site.visit()
    page = visit.page
    await visit.sign_in("manager")
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Save doctors as CSV").click()
    download = await saved.value
    lines = Path(await download.path()).read_text().splitlines()
    assert download.suggested_filename.startswith("doctors-")
    assert lines[0].startswith("doctor,specialty,seats_offered")
    assert len(lines) > 1
    await visit.check()


async def test_a_patient_is_shown_her_visits_and_signs_out(site: Site) -> None:
    visit = await site.visit(NARROW)
    page = visit.page
    await visit.sign_in("patient")
    await expect(page.get_by_role("heading", name="Your next visits")).to_be_visible()
    await visit.picture("patient")
    await visit.check()
    assert await page.evaluate(SESSION) is not None
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert await page.evaluate(SESSION) is None


async def book(site: Site, doctor: int, patient: int) -> str:
    """The id of an appointment today, booked by the administrator."""
    clinic = await site.sql(CLINIC, doctor)
    hours = (20 - datetime.now(UTC).hour) % 24 - 11  # to its nine in the morning, in a zone that there is
    await site.sql(IN_THE_MORNING, f"Etc/GMT{-hours:+d}" if hours else "UTC", clinic)
    slot = await site.sql(MAKE_ROOM, doctor, clinic)
    booked = await write(
        site,
        "mutation ($input: OverrideBookingInput!) "
        "{ overrideBooking(input: $input) { appointment { id } userErrors { message } } }",
        {"slotId": encode_id("Slot", slot), "patientId": encode_id("Patient", patient), "reason": "Urgent"},
    )
    appointment: str = booked["appointment"]["id"]
    return appointment


async def write(site: Site, mutation: str, fields: dict[str, str]) -> Any:
    """What a mutation by the administrator answers, made from elsewhere."""
    headers = {"authorization": f"Bearer {site.token}"}
    variables = {"input": fields | {"idempotencyKey": str(uuid4())}}
    async with httpx.AsyncClient(base_url=site.at, timeout=30, headers=headers) as client:
        body = (await client.post("/graphql", json={"query": mutation, "variables": variables})).json()
    assert "errors" not in body, body
    (payload,) = body["data"].values()
    assert payload["userErrors"] == [], payload
    return payload
