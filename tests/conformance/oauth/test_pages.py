"""The pages in a real browser with scripts switched off: they work, under their policy, and lead back to the client.

Needs Debian's Chromium. With SCREENSHOTS=<folder>, pictures are kept there.
"""

import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlencode, urlsplit

import asyncpg
import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.auth.world import CHALLENGE, PASSWORD
from tests.conformance.oauth.conftest import SCOPE, Serving

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-proxy-server"]


@pytest.fixture(params=["light", "dark"])
async def page(request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    scheme: Literal["light", "dark"] = request.param
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(
            java_script_enabled=False, color_scheme=scheme, viewport={"width": 420, "height": 760}
        )
        yield await context.new_page()
        await browser.close()


async def test_signing_in_and_allowing(
    page: Page, serving: Serving, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    with socket.create_server(("127.0.0.1", 0)) as client:
        back = f"http://127.0.0.1:{client.getsockname()[1]}/back"
        sql = await asyncpg.connect(serving.dsn)
        await sql.execute("UPDATE oauth_clients SET redirect_uris = $1 WHERE id = 'web'", [back])
        await sql.close()
        parameters = {"response_type": "code", "client_id": "web", "redirect_uri": back, "scope": SCOPE, "state": "s"}
        challenge = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        pictures = Path(os.environ.get("SCREENSHOTS", tmp_path))

        async def picture(name: str) -> None:
            await page.screenshot(path=pictures / f"{name}-{request.node.callspec.id}.png")

        await page.goto(f"{serving.at}/oauth/authorize?{urlencode(parameters | challenge)}")
        await page.get_by_label("Email address").fill("pat@example.org")
        await page.get_by_label("Password").fill("wrong")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("That did not work")
        await picture("sign-in")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading")).to_have_text("Allow The web?")
        await picture("consent")
        async with page.expect_request(f"{back}?*") as went:
            await page.get_by_role("button", name="Allow", exact=True).click(no_wait_after=True)
        arrived = parse_qs(urlsplit((await went.value).url).query)
    assert arrived["state"] == ["s"]
    assert arrived["iss"] == [serving.at]
    assert arrived["code"]
    assert [said for said in complaints if "400" not in said] == [], "apart from the wrong password"


async def test_sessions_and_forgotten_passwords(
    page: Page, serving: Serving, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    pictures = Path(os.environ.get("SCREENSHOTS", tmp_path))
    await page.goto(f"{serving.at}/oauth/sessions")
    await page.get_by_label("Email address").fill("pat@example.org")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("Signed in as pat@example.org.")).to_be_visible()
    await page.screenshot(path=pictures / f"sessions-{request.node.callspec.id}.png")
    await page.get_by_role("link", name="Sign out").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("link", name="Sign in").click()
    await page.get_by_role("link", name="Forgot the password?").click()
    await page.get_by_label("Email address").fill("pat@example.org")
    await page.get_by_role("button", name="Send me a link").click()
    await expect(page.get_by_role("heading")).to_have_text("Look into your mail")
