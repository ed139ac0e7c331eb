"""GraphiQL in a real browser: it works offline, under its own content security policy, without a complaint.

Needs the bundles (`python web/build.py`) and Debian's Chromium. With SCREENSHOTS=<folder>, pictures are kept there.
"""

import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright
from starlette.types import Scope

from auth.viewer import Viewer
from server import pages
from server.app import create_app
from server.settings import Settings
from tests.client import VIEWERS
from tests.clinic_data import NOW

Scheme = Literal["light", "dark"]
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server",
]  # fmt: skip
QUERY = ".graphiql-query-editor .view-lines"
RECORD_VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


async def service(_scope: Scope) -> Viewer:
    return VIEWERS["service"]


@pytest.fixture(scope="module")
def base_url(three: str) -> Iterator[str]:
    """Where the application listens, on this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(three, Settings(), viewer_of=service, clock=lambda: NOW)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert (pages.DIST / "manifest.json").is_file(), "build the bundles first: python web/build.py"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """GraphiQL as a first visitor sees it, and all that went wrong since."""

    page: Page
    pictures: Path
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    headers: list[dict[str, str]] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda said: self.complain(said.text) if said.type != "log" else None)
        self.page.on("pageerror", lambda error: self.complain(str(error)))
        self.page.on("requestfailed", lambda request: self.complain(f"{request.url}: {request.failure}"))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("response", lambda it: self.complain(f"{it.url}: {it.status}") if it.status >= 400 else None)
        self.page.on("request", lambda it: self.headers.append(it.headers) if it.method == "POST" else None)
        self.page.add_init_script(RECORD_VIOLATIONS)

    def complain(self, text: str) -> None:
        self.complaints.append(text)

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self.pictures / f"graphiql-{name}.png")


@pytest.fixture
def scheme() -> Scheme:
    return "light"


@pytest.fixture
def visit(browser: Browser, base_url: str, tmp_path: Path, scheme: Scheme) -> Iterator[Visit]:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 900})
    pictures = Path(os.environ.get("SCREENSHOTS", tmp_path))
    pictures.mkdir(parents=True, exist_ok=True)
    visit = Visit(context.new_page(), pictures)
    visit.watch()
    visit.page.goto(f"{base_url}/graphql")
    expect(visit.page.locator(QUERY)).to_contain_text("doctors")
    yield visit
    violations, complaints = visit.page.evaluate("window.violations"), list(visit.complaints)
    context.close()
    assert violations == complaints == []
    assert {f"http://{host}" for host in visit.hosts if host} == {base_url}


def write(page: Page, query: str) -> None:
    """Types a query in place of the one that is there, without its last bracket: Monaco closes it."""
    page.locator(QUERY).click()
    page.keyboard.press("Control+A")
    page.keyboard.type(query)


def is_answer(response: Response) -> bool:
    """Whether it answers what was typed, not the page's own question for the schema."""
    return response.request.method == "POST" and "__schema" not in (response.request.post_data or "")


def run(page: Page) -> Response:
    with page.expect_response(is_answer) as answer:
        page.get_by_role("button", name="Execute query").click()
    return answer.value


def asks_for(answer: Response, name: str) -> bool:
    """Whether it answers the operation of that name, in its own text."""
    asked = answer.request.post_data_json or {}
    return asked["operationName"] == name and f"query {name}" in asked["query"]


def open_documentation(page: Page) -> None:
    page.get_by_label("Show Documentation Explorer").click()
    expect(page.locator(".graphiql-doc-explorer")).to_contain_text("Query")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_example_shows_its_answer(visit: Visit, scheme: Scheme) -> None:
    page = visit.page
    expect(page.locator(f"{QUERY} span[class^=mtk]:not(.mtk1)").first).to_be_attached()  # coloured
    run(page)

    expect(page.locator(".graphiql-response .view-lines")).to_contain_text('"edges"')
    visit.picture(f"answer-{scheme}")
    assert all(headers["graphql-require-preflight"] == "1" for headers in visit.headers)
    assert len(visit.headers) == 2, "the introspection and the query"
    assert page.title() == "Clinicgraph · GraphiQL"


def test_every_example_has_a_tab(visit: Visit) -> None:
    titles = visit.page.locator(".graphiql-tab").all_inner_texts()

    examples = (pages.DIST.parent / "src" / "examples").glob("*.graphql")
    names = {re.search(r"^query (\w+)", example.read_text(), re.MULTILINE)[1] for example in examples}  # type: ignore[index]
    assert {title.strip() for title in titles} == names
    assert titles[0].strip() == "Doctors"


def test_the_documentation_opens(visit: Visit) -> None:
    open_documentation(visit.page)
    visit.page.locator(".graphiql-doc-explorer").get_by_text("Query", exact=True).click()

    expect(visit.page.locator(".graphiql-doc-explorer")).to_contain_text("doctors(")
    visit.picture("documentation")


def test_the_explorer_adds_a_field(visit: Visit) -> None:
    page = visit.page
    page.get_by_label("Show GraphiQL Explorer").click()
    page.locator('.graphiql-explorer-clinics [data-field-name="id"]').click()

    expect(page.locator(QUERY)).to_contain_text(re.compile(r"clinics\s*\{[^}]*\bid\b"))
    visit.picture("explorer")


def test_autocompletion_offers_fields(visit: Visit) -> None:
    page = visit.page
    open_documentation(page)  # the schema has arrived
    write(page, "{ doc")

    suggestions = page.locator(".suggest-widget .monaco-list-row")
    suggestion = suggestions.filter(has_text="doctors")
    expect(suggestion).to_be_visible()
    visit.picture("completion")
    suggestion.click()
    expect(page.locator(QUERY)).to_contain_text(re.compile(r"\{\s+doctors\s*\}?"))


def test_a_mistake_is_underlined(visit: Visit) -> None:
    page = visit.page
    open_documentation(page)
    write(page, "{ physicians")

    page.locator(".graphiql-query-editor .squiggly-error").first.wait_for()


def test_every_example_is_answered(visit: Visit) -> None:
    page = visit.page
    for tab in page.locator(".graphiql-tab-button").all():
        name = tab.inner_text().strip()
        tab.click()
        expect(page.locator(QUERY)).to_contain_text(name)
        while not asks_for(answer := run(page), name):
            pass  # GraphiQL takes over the tab's text and operation in steps, and shows none of them
        assert answer.status == 200, answer.text()
        assert "errors" not in answer.json(), answer.text()
