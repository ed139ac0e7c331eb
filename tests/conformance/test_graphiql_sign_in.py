"""Signing in to GraphiQL in a real browser, at a server of its own with demo data.

Needs the bundles (`python web/build.py`) and Debian's Chromium. With SCREENSHOTS=<folder>, pictures are kept there.
"""

import json
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from playwright.async_api import Page, Response, async_playwright, expect

from server import pages
from server.seed import Sizes, seed
from server.seed.demo_password import DEMO_PASSWORD
from tests.conformance.test_graphiql import ARGUMENTS, CHROMIUM, QUERY, RECORD_VIOLATIONS
from tests.server.test_serve import serving

SMALL = Sizes(clinics=5, doctors=14, patients=150, slots=2_400, appointments=900, payments=700)
AGENDA = "{ appointments(first: 5) { edges { node { start: slot { start } patient { user { name "
SESSION = "JSON.parse(sessionStorage['clinicgraph.session'] ?? null)"
HERS = """
    SELECT u.name FROM appointments a JOIN patients p ON p.id = a.patient_id JOIN users u ON u.id = p.user_id
      JOIN doctors d ON d.id = a.doctor_id JOIN users du ON du.id = d.user_id
    WHERE du.email = 'doctor@example.org'
"""
TOKEN = re.compile(r"eyJ[\w-]+\.")


def is_answer(response: Response) -> bool:
    """Whether it answers what was typed, not the page's own question for the schema."""
    request = response.request
    return request.method == "POST" and request.url.endswith("/graphql") and "__schema" not in (request.post_data or "")


@dataclass
class Visit:
    """A tab at GraphiQL, and what it has asked and complained of."""

    page: Page
    at: str
    dsn: str
    pictures: Path
    complaints: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type != "log" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.addresses.append(request.url))

    async def picture(self, name: str) -> None:
        await self.page.screenshot(path=self.pictures / f"graphiql-{name}.png")

    async def sign_in(self, email: str) -> None:
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.get_by_label("Email address").fill(email)
        await self.page.get_by_label("Password").fill(DEMO_PASSWORD)
        await self.page.keyboard.press("Enter")

    async def allow(self) -> None:
        await expect(self.page.get_by_role("heading")).to_have_text("Allow GraphiQL?")
        await self.picture("consent")
        await self.page.get_by_role("button", name="Allow", exact=True).click()

    async def ask(self, query: str) -> dict[str, Any]:
        """Types a query without its last brackets, which Monaco closes, and runs it."""
        await self.page.locator(QUERY).click()
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.type(query)
        body = await self.run(click=False)
        while "OPERATION_RESOLUTION_FAILURE" in json.dumps(body):  # GraphiQL takes over an operation's name in steps
            body = await self.run()
        return body

    async def run(self, *, click: bool = True) -> dict[str, Any]:
        if click:
            await self.page.locator(QUERY).click()
            await self.page.keyboard.press("Escape")
        async with self.page.expect_response(is_answer) as response:
            await self.page.keyboard.press("Control+Enter")
        body: dict[str, Any] = await (await response.value).json()
        return body

    async def session(self) -> dict[str, Any] | None:
        kept: dict[str, Any] | None = await self.page.evaluate(
            "JSON.parse(sessionStorage['clinicgraph.session'] ?? null)"
        )
        return kept


@pytest.fixture
async def visit(database: str, tmp_path: Path) -> AsyncIterator[Visit]:
    assert (pages.DIST / "manifest.json").is_file(), "build the bundles first: python web/build.py"
    await seed(database, SMALL, seed=1, now=datetime.now(UTC), demo_password=True)
    pictures = Path(os.environ.get("SCREENSHOTS", tmp_path))
    async with serving(database, tmp_path) as (http, _), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        await context.add_init_script(RECORD_VIOLATIONS)
        at = str(http.base_url)
        visit = Visit(await context.new_page(), at, database, pictures)
        visit.watch()
        await visit.page.goto(f"{at}/graphql")
        await expect(visit.page.locator(QUERY)).to_contain_text("doctors")
        yield visit
        assert await visit.page.evaluate("window.violations") == []
        assert {urlsplit(address).netloc for address in visit.addresses if "://" in address} <= {urlsplit(at).netloc}
        assert not [address for address in visit.addresses if TOKEN.search(address)], "a token in an address"
        await browser.close()


async def test_a_doctor_signs_in_sees_her_agenda_and_signs_out(visit: Visit) -> None:
    page = visit.page
    who = page.locator(".who")
    await expect(who).to_contain_text("You see what everybody sees")
    await visit.picture("signed-out")
    await visit.sign_in("doctor@example.org")
    await visit.allow()
    await expect(who).to_contain_text("Dana Demo doctor")
    assert page.url == f"{visit.at}/graphql", "nothing of the redirect stays in the address"

    body = await visit.ask(AGENDA)
    assert "errors" not in body, body
    names = [edge["node"]["patient"]["user"]["name"] for edge in body["data"]["appointments"]["edges"]]
    assert len(names) == 5
    sql = await asyncpg.connect(visit.dsn)
    assert set(names) <= {row["name"] for row in await sql.fetch(HERS)}
    await expect(page.locator(".graphiql-response .view-lines")).to_contain_text(names[0].split()[0])
    await visit.picture("agenda")

    before = await visit.session()
    assert before is not None
    stored = await page.evaluate("JSON.stringify([localStorage, document.cookie])")
    assert not TOKEN.search(stored)
    assert before["refresh_token"] not in stored
    await page.evaluate(
        "const s = JSON.parse(sessionStorage['clinicgraph.session']); s.until = 0;"
        "sessionStorage['clinicgraph.session'] = JSON.stringify(s)"
    )
    assert "errors" not in await visit.run(), "the token was refreshed"
    after = await visit.session()
    assert after is not None
    assert after["refresh_token"] != before["refresh_token"]

    await page.reload()
    await expect(who).to_contain_text("Dana Demo")
    async with page.expect_response(f"{visit.at}/oauth/revoke"):  # the page forgets first, and tells the server then
        await page.get_by_role("button", name="Sign out").click()
    await expect(who).to_contain_text("You see what everybody sees")
    assert await visit.session() is None
    ended = await sql.fetchval("SELECT count(*) FROM token_families WHERE revoked_at IS NOT NULL")
    await sql.close()
    assert ended == 1
    body = await visit.run()
    assert {error["extensions"]["code"] for error in body["errors"]} == {"UNAUTHENTICATED"}

    await visit.sign_in("patient@example.org")
    await visit.allow()
    await expect(who).to_contain_text("Priya Demo patient")
    assert json.dumps(visit.complaints) == "[]"


async def test_saying_no_and_coming_back_uninvited(visit: Visit) -> None:
    page = visit.page
    await visit.sign_in("manager@example.org")
    await page.get_by_role("button", name="Do not allow").click()
    await expect(page.locator(".who [role=alert]")).to_have_text("You did not allow it.")
    await page.goto(f"{visit.at}/graphql?code=stolen&state=guessed&iss={visit.at}")
    await expect(page.locator(".who [role=alert]")).to_have_text("This sign-in was not begun here. Please try again.")
    assert page.url == f"{visit.at}/graphql"
    assert await visit.session() is None


async def test_a_session_that_was_ended_elsewhere(visit: Visit) -> None:
    page = visit.page
    await visit.sign_in("staff@example.org")
    await visit.allow()
    await expect(page.locator(".who")).to_contain_text("Sam Demo staff")
    sql = await asyncpg.connect(visit.dsn)
    await sql.execute("UPDATE users SET status = 'SUSPENDED' WHERE email = 'staff@example.org'")
    await sql.close()
    while "errors" not in await visit.run():  # what is told arrives a moment later
        pass
    await expect(page.locator(".who")).to_contain_text("You see what everybody sees")
    assert await visit.session() is None
