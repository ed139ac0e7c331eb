"""The sandbox as the server runs it: the checkout page, as a browser without scripts sees it, and its webhooks."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from html import unescape

import httpx
import pytest
from starlette.applications import Starlette

from auth.oauth.configuration import Configuration
from auth.oauth.secret import Secret
from gateways.payments import GatewayEvent, GatewayUnavailable, Order, RefundReason, SessionReference
from gateways.payments.sandbox import SandboxGateway
from server.sandbox import Sandbox
from server.sandbox.money import shown
from server.webhooks import GatewayWebhooks
from tests.gateways.orders import NOW, ORDER, key, order

URL = "http://clinicgraph.test"


@dataclass
class Shop:
    """The sandbox's pages and webhooks in one application, and a browser."""

    gateway: SandboxGateway
    browser: httpx.AsyncClient
    received: "asyncio.Queue[GatewayEvent]" = field(default_factory=asyncio.Queue)

    async def session(self, order: Order = ORDER) -> tuple[SessionReference, str]:
        made = await self.gateway.create_session(order, key("create"))
        return made.reference, made.checkout_url

    async def press(self, address: str, button: str, *ticked: str) -> httpx.Response:
        """Fills in the form that has the button, as it is shown now."""
        html = (await self.browser.get(address)).text
        forms = re.findall(r"<form.*?</form>", html, re.DOTALL)
        [form] = [each for each in forms if f'value="{button}"' in each]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form))
        action = re.search(r'action="([^"]*)"', form)
        assert action is not None
        fields = hidden | {"do": button} | dict.fromkeys(ticked, "on")
        return await self.browser.post(action[1], data=fields, headers={"Origin": URL})

    async def told(self) -> tuple[str, int]:
        async with asyncio.timeout(20):
            event = await self.received.get()
        return event.kind.value, event.amount_minor


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Shop]:
    app = Starlette()
    configuration = Configuration(URL, Secret("a secret of the tests, long enough"))

    def client() -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL)

    sandbox = Sandbox(configuration, lambda: NOW, client)
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(sandbox.open(database))
        shop = Shop(gateway, await stack.enter_async_context(client()))
        webhooks = GatewayWebhooks({"sandbox": gateway}.get, shop.received.put, lambda: NOW)
        app.router.routes.extend([*sandbox.routes(), *webhooks.routes()])
        yield shop


async def test_pay(shop: Shop) -> None:
    reference, address = await shop.session()
    page = await shop.browser.get(address)

    answer = await shop.press(address, "pay")

    assert page.status_code == 200
    assert "<h1>Pay 50.00 EUR</h1>" in page.text
    assert "Visit at Harbour Clinic" in page.text
    assert (answer.status_code, answer.headers["location"]) == (303, ORDER.return_url)
    assert await shop.told() == ("CAPTURED", 5_000)
    assert (await shop.gateway.fetch(reference)).captured_minor == 5_000
    assert "50.00 EUR: paid" in (await shop.browser.get(address)).text


async def test_the_page_needs_no_script_and_forbids_all_but_its_style(shop: Shop) -> None:
    _, address = await shop.session(order(description="<script>alert(1)</script>"))

    page = await shop.browser.get(address)

    assert "<script" not in page.text
    assert unescape(page.text).count("<script>alert(1)</script>") == 1
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["form-action"] == "'self' http://127.0.0.1:8000"
    assert page.headers["cache-control"] == "no-store"
    for style in re.findall(r'<link rel="stylesheet" href="([^"]*)">', page.text):
        assert (await shop.browser.get(style)).headers["content-type"].startswith("text/css")


async def test_a_form_of_another_site_does_nothing(shop: Shop) -> None:
    reference, address = await shop.session()
    page = await shop.browser.get(address)
    token = re.findall(r'name="form_token" value="([^"]*)"', page.text)[0]
    forged = [
        ({"do": "pay"}, {"Origin": URL}),
        ({"do": "pay", "form_token": "guessed"}, {"Origin": URL}),
        ({"do": "pay", "form_token": token}, {"Origin": "https://evil.example"}),
        ({"do": "pay", "form_token": token}, {}),
        ({"do": "pay", "form_token": token}, {"Origin": URL, "Sec-Fetch-Site": "cross-site"}),
    ]

    for fields, headers in forged:
        assert (await shop.browser.post(address, data=fields, headers=headers)).status_code == 403

    shop.browser.cookies.clear()
    own = {"do": "pay", "form_token": token}
    assert (await shop.browser.post(address, data=own, headers={"Origin": URL})).status_code == 403
    assert (await shop.gateway.fetch(reference)).captured_minor == 0


async def test_decline_and_try_again(shop: Shop) -> None:
    _, address = await shop.session()

    declined = await shop.press(address, "decline")
    assert declined.status_code == 402
    assert 'role="alert"' in declined.text
    assert "Pay 50.00 EUR" in declined.text
    assert await shop.told() == ("FAILED", 5_000)

    assert (await shop.press(address, "pay")).status_code == 303
    assert await shop.told() == ("CAPTURED", 5_000)


async def test_cancel_leaves_the_session_open(shop: Shop) -> None:
    _, address = await shop.session()

    answer = await shop.press(address, "cancel")

    assert (answer.status_code, answer.headers["location"]) == (303, ORDER.return_url)
    assert (await shop.press(address, "pay")).status_code == 303


async def test_faults_are_set_and_shown(shop: Shop) -> None:
    reference, address = await shop.session()

    answer = await shop.press(address, "faults", "unavailable", "decline")

    assert answer.headers["location"] == f"/sandbox/checkout/{reference}"
    ticked = re.findall(r'name="([a-z-]+)" checked', (await shop.browser.get(address)).text)
    assert ticked == ["decline", "unavailable"]
    with pytest.raises(GatewayUnavailable):
        await shop.gateway.fetch(reference)
    assert (await shop.press(address, "pay")).status_code == 402
    await shop.press(address, "faults")
    assert (await shop.press(address, "pay")).status_code == 303
    await shop.gateway.refund(reference, 5_000, key("refund"), RefundReason.REQUESTED)


async def test_pressing_twice_pays_once(shop: Shop) -> None:
    reference, address = await shop.session()
    page = await shop.browser.get(address)
    token = re.findall(r'name="form_token" value="([^"]*)"', page.text)[0]

    async def press() -> httpx.Response:
        return await shop.browser.post(address, data={"do": "pay", "form_token": token}, headers={"Origin": URL})

    answers = await asyncio.gather(press(), press())

    assert [answer.headers["location"] for answer in answers] == [ORDER.return_url] * 2
    assert (await shop.gateway.fetch(reference)).captured_minor == 5_000


async def test_an_expired_session_says_so(shop: Shop) -> None:
    reference, address = await shop.session()
    await shop.gateway.expire_session(reference, key("expire"))

    page = await shop.browser.get(address)

    assert page.status_code == 410
    assert "<form" not in page.text
    assert f'href="{ORDER.return_url}"' in page.text


async def test_no_such_session(shop: Shop) -> None:
    assert (await shop.browser.get("/sandbox/checkout/sbx_unknown")).status_code == 404


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (5, "EUR", "0.05 EUR"),
        (125_000, "USD", "1,250.00 USD"),
        (1_250, "JPY", "1,250 JPY"),
        (1_250, "KWD", "1.250 KWD"),
    ],
)
def test_amounts_as_people_read_them(amount: int, currency: str, text: str) -> None:
    assert shown(amount, currency) == text
