"""A small world for the authorization server: a clock to move, people, clients, browsers, and a mailbox."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg
import httpx
from argon2 import PasswordHasher
from starlette.applications import Starlette

from auth.oauth.configuration import Configuration
from auth.oauth.secret import Secret, digest, new_token
from auth.passwords import Work
from gateways.mail import Mail
from server import oauth

START = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
AT = "https://clinic.test"
PASSWORD = "correct horse battery"
VERIFIER = "a-verifier-that-is-long-enough-for-the-specification"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "https://app.test/callback?tenant=1"
SCOPES = "openid profile email appointment:read appointment:write patient:read user:admin"
SECRETS = {"web": "web-secret-web-secret-web-secret", "service": "service-secret-service-secret", "gate": "gate-secret"}

PEOPLE = """
    INSERT INTO users (id, name, email, password_hash, status, email_verified_at) VALUES
      (1, 'Ada Admin', 'ada@example.org', $1, 'ACTIVE', now()),
      (2, 'Dan Doctor', 'dan@example.org', $1, 'ACTIVE', now()),
      (3, 'Pat Patient', 'pat@example.org', $1, 'ACTIVE', NULL),
      (4, 'Sue Suspended', 'sue@example.org', $1, 'SUSPENDED', NULL),
      (5, 'Ina Invited', 'ina@example.org', NULL, 'INVITED', NULL),
      (6, 'Noa Nothing', 'noa@example.org', NULL, 'ACTIVE', NULL)
"""
ROLES = "INSERT INTO user_roles (user_id, role) VALUES (1, 'ADMIN'), (2, 'DOCTOR'), (3, 'PATIENT'), (4, 'PATIENT')"
EMPTIED = (
    "refresh_tokens", "authorization_codes", "token_families", "revoked_tokens", "oauth_consents", "oauth_clients",
    "browser_sessions", "signing_keys", "totp_credentials", "recovery_codes", "one_time_links", "sign_in_attempts",
    "user_roles", "users",
)  # fmt: skip
CLIENT = """
    INSERT INTO oauth_clients (id, name, secret_hash, redirect_uris, grant_types, scopes, may_introspect)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


LIGHT_WORK = Work(passes=1, memory=64, lanes=1)


@cache
def password_hash(work: Work = LIGHT_WORK) -> str:
    return PasswordHasher(time_cost=work.passes, memory_cost=work.memory, parallelism=work.lanes).hash(PASSWORD)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **delta: float) -> None:
        self.now += timedelta(**delta)


class Mailbox:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.sent.append(mail)

    @property
    def link(self) -> str:
        return next(word for word in self.sent[-1].text.split() if word.startswith(AT))


class Forms(HTMLParser):
    """The forms of a page: where each goes, and its fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((attributes["action"], {}))
        if tag == "input":
            self.found[-1][1][attributes["name"]] = attributes.get("value", "")


@dataclass
class Browser:
    """A person's browser: keeps cookies, follows our own redirects, stops where it would leave for the client."""

    http: httpx.AsyncClient
    page: httpx.Response = field(init=False)

    async def open(self, url: str) -> httpx.Response:
        return await self._arrived(await self.http.get(url))

    async def submit(self, index: int = 0, **fields: str) -> httpx.Response:
        """Sends a form of the page, as its buttons would."""
        action, values = Forms(self.page.text).found[index]
        headers = {"origin": AT, "sec-fetch-site": "same-origin"}
        return await self._arrived(await self.http.post(action, data=values | fields, headers=headers))

    async def sign_in(self, email: str = "pat@example.org", password: str = PASSWORD) -> httpx.Response:
        await self.open("/oauth/sign-in")
        return await self.submit(email=email, password=password)

    async def _arrived(self, response: httpx.Response) -> httpx.Response:
        while response.is_redirect and response.headers["location"].startswith("/"):
            response = await self.http.get(response.headers["location"])
        self.page = response
        return response


@dataclass
class World:
    """Everything a test needs."""

    dsn: str
    clock: Clock
    mailbox: Mailbox
    edge: oauth.Edge
    app: Starlette
    stack: AsyncExitStack
    sql: asyncpg.Connection

    @property
    def configuration(self) -> Configuration:
        return self.edge.configuration

    async def http(self, address: str = "203.0.113.1") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 1234))
        return await self.stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=AT))

    async def browser(self, address: str = "203.0.113.1") -> Browser:
        return Browser(await self.http(address))

    async def signed_in(self, email: str = "pat@example.org") -> Browser:
        browser = await self.browser()
        assert (await browser.sign_in(email)).status_code == 200
        assert str(browser.page.url).endswith("/oauth/sessions")
        return browser

    async def code(self, browser: Browser, client: str = "web", **parameters: str) -> str:
        """A code, asked for and allowed."""
        back = await self.allowed(browser, client, **parameters)
        assert "code" in back, back
        return back["code"]

    async def allowed(self, browser: Browser, client: str = "web", **parameters: str) -> dict[str, str]:
        """What the client gets back from an authorization request that is allowed."""
        response = await browser.open(authorize(client, **parameters))
        if not response.is_redirect:
            assert "Allow" in response.text, response.text
            response = await browser.submit(decision="allow")
        return came_back(response)

    async def tokens(self, browser: Browser, client: str = "web", **parameters: str) -> dict[str, Any]:
        """What a code is worth."""
        code = await self.code(browser, client, **parameters)
        response = await self.redeem(code, client)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def redeem(self, code: str, client: str = "web", /, **changed: str) -> httpx.Response:
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER} | changed
        return await self.post("token", client, grant_type="authorization_code", **form)

    async def refresh(self, token: str, client: str = "web", /, **more: str) -> httpx.Response:
        return await self.post("token", client, grant_type="refresh_token", refresh_token=token, **more)

    async def post(self, endpoint: str, client: str | None = "web", **form: str) -> httpx.Response:
        """To an endpoint, as a client."""
        http = await self.http()
        data = {name: value for name, value in form.items() if value}
        auth = (client, SECRETS[client]) if client in SECRETS else None
        if client is not None and auth is None:
            data = {"client_id": client} | data
        return await http.post(f"/oauth/{endpoint}", data=data, auth=auth or httpx.USE_CLIENT_DEFAULT)

    async def introspect(self, token: str, client: str = "gate") -> dict[str, Any]:
        body: dict[str, Any] = (await self.post("introspect", client, token=token)).json()
        return body


def authorize(client: str = "web", **changed: str) -> str:
    """The address of an authorization request; an empty parameter is left out."""
    parameters = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": CALLBACK,
        "scope": "openid appointment:read",
        "state": "the state",
        "nonce": "the nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changed
    return "/oauth/authorize?" + urlencode({name: value for name, value in parameters.items() if value})


def came_back(response: httpx.Response) -> dict[str, str]:
    """The parameters with which a browser goes back to the client."""
    assert response.is_redirect, response.text
    location = urlsplit(response.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == "https://app.test/callback"
    parameters = dict(parse_qsl(location.query))
    assert parameters.pop("tenant") == "1"
    assert parameters["iss"] == AT
    return parameters


@asynccontextmanager
async def opened_world(dsn: str) -> AsyncIterator[World]:
    clock, mailbox = Clock(), Mailbox()
    edge = oauth.Edge(Configuration(AT, Secret(new_token()), password_work=LIGHT_WORK), mailbox, clock)
    sql = await asyncpg.connect(dsn)
    await sql.execute("; ".join(f"DELETE FROM {table}" for table in EMPTIED))
    await sql.execute(PEOPLE.replace("$1", f"'{password_hash()}'"))
    await sql.execute(f"{ROLES}; SELECT setval('users_id_seq', 1000)")
    families = ["authorization_code", "refresh_token"]
    for name, grants, more in (
        ("web", families, False),
        ("spa", families, False),
        ("other", families, False),
        ("service", ["client_credentials"], False),
        ("gate", ["client_credentials"], True),
    ):
        secret = digest(SECRETS[name]) if name in SECRETS else None
        uris = [CALLBACK] if grants is families else []
        await sql.execute(CLIENT, name, f"The {name} application", secret, uris, grants, SCOPES.split(), more)
    async with AsyncExitStack() as stack, edge.open(dsn):
        yield World(dsn, clock, mailbox, edge, Starlette(routes=oauth.routes(edge)), stack, sql)
    await sql.close()
