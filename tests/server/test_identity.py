"""Sign-in at the front door: whose token gets what, which refusal says what, what stops at once in all processes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from auth.oauth.clients import create_client
from auth.scopes import ROLE_SCOPES, Scope
from models.clock import utc_now
from models.enums import Role
from server.app import Application, create_app
from server.identity import GRAPHIQL, configuration_of, prepare, redirect_uris
from server.oauth.commands import issue_demo_token
from server.oauth.edge import opened
from server.scopes_document import scopes_document
from server.settings import Settings
from tests import clinic_data
from tests.clinic_data import NOW

AT = "https://clinicgraph.test"
METADATA = f'resource_metadata="{AT}/.well-known/oauth-protected-resource"'
QUERY = """{
  doctors(first: 1) { edges { node { licenceNumber } } }
  appointments(first: 50) { edges { node { patient { user { name } } } } }
}"""
PUBLIC = {"edges": [{"node": {"licenceNumber": "L1"}}]}


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Front:
    """Two processes over one database, with a clock that can be moved."""

    dsn: str
    settings: Settings
    clock: Clock
    sql: "asyncpg.Connection[Any]"
    here: httpx.AsyncClient
    there: httpx.AsyncClient
    apps: list[Application]

    async def token(self, role: Role, user: str, scopes: str | None = None, expires: int | None = None) -> str:
        lifetime = None if expires is None else timedelta(seconds=expires)
        configuration = configuration_of(self.settings)
        now = self.clock.now
        return await issue_demo_token(self.dsn, configuration, role, now, user=user, scopes=scopes, expires=lifetime)

    async def doctor(self, scopes: str | None = None) -> str:
        return await self.token(Role.DOCTOR, "doctor1@example.org", scopes)


async def ask(http: httpx.AsyncClient, *authorization: str, accept: str = "application/json") -> httpx.Response:
    headers = [("authorization", each) for each in authorization]
    return await http.post("/graphql", json={"query": QUERY}, headers=[*headers, ("accept", accept)])


async def bearing(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await ask(http, f"Bearer {token}")


async def until(right: Callable[[httpx.Response], bool], asked: Callable[[], Awaitable[httpx.Response]]) -> None:
    """Asks until the answer is right: what is told arrives a moment later."""
    async with asyncio.timeout(20):
        while not right(await asked()):
            await asyncio.sleep(0.01)


async def refused_everywhere(front: Front, token: str) -> None:
    for http in (front.here, front.there):
        await until(lambda response: response.status_code == 401, lambda http=http: bearing(http, token))  # type: ignore[misc]
        challenged(await bearing(http, token))


def challenged(response: httpx.Response) -> None:
    """Refused as RFC 6750 says, and nothing leaked."""
    assert response.status_code == 401
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="invalid_token", error_description="')
    assert challenge.endswith(METADATA)
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}
    assert set(response.json()) == {"errors"}


def patients(response: httpx.Response) -> set[str]:
    edges = response.json()["data"]["appointments"]["edges"]
    return {edge["node"]["patient"]["user"]["name"] for edge in edges}


def codes(response: httpx.Response) -> set[str]:
    return {error["extensions"]["code"] for error in response.json().get("errors", [])}


@pytest.fixture
async def front(database: str, tmp_path: Path) -> AsyncIterator[Front]:
    await clinic_data.load(database, 3)
    settings = Settings(public_url=AT, data_dir=tmp_path)
    await prepare(database, settings, lambda: NOW)
    async with AsyncExitStack() as stack:
        clock = Clock()
        apps = [create_app(database, settings, clock=clock) for _ in range(2)]
        for app in apps:
            await stack.enter_async_context(app.lifespan)
        here, there = [
            await stack.enter_async_context(
                httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("203.0.113.1", 1)), base_url=AT)
            )
            for app in apps
        ]
        sql = await asyncpg.connect(database)
        yield Front(database, settings, clock, sql, here, there, apps)
        await sql.close()


async def test_nobody_sees_what_is_public(front: Front) -> None:
    response = await ask(front.here)
    assert response.status_code == 200
    assert "www-authenticate" not in response.headers
    assert response.json()["data"] == {"doctors": PUBLIC, "appointments": None}
    assert codes(response) == {"UNAUTHENTICATED"}
    page = await front.here.get("/graphql", headers={"accept": "text/html", "authorization": "Bearer nonsense"})
    assert page.status_code in (200, 503), "GraphiQL, or that it is not built"
    assert page.headers["content-type"].startswith("text/")


async def test_each_sees_her_own(front: Front) -> None:
    everybody = {"Patient Z", "Patient Y", "Patient X"}
    for role, user, seen in (
        (Role.DOCTOR, "doctor1@example.org", {"Patient Z"}),
        (Role.PATIENT, "patient1@example.org", {"Patient Z"}),
        (Role.PATIENT, "patient2@example.org", {"Patient Y"}),
        (Role.STAFF, "staff@example.org", {"Patient Z"}),
        (Role.ADMIN, "admin@example.org", everybody),
    ):
        token = await front.token(role, user)
        for http in (front.here, front.there):
            response = await bearing(http, token)
            assert response.json()["data"]["doctors"] == PUBLIC
            assert patients(response) == seen, role


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
@pytest.mark.parametrize(
    "headers",
    [
        ["Bearer nonsense"],
        ["Bearer a.b.c"],
        ["Bearer"],
        ["Bearer "],
        ["Basic YWRhOmFkYQ=="],
        [""],
        ["Bearer nonsense", "Bearer nonsense"],
        ["Bearer " + "e" * 9_000],
        ["Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."],
    ],
    ids=lambda headers: " and ".join(headers)[:30],
)
async def test_a_token_that_is_none_is_refused_as_a_whole(front: Front, headers: list[str], accept: str) -> None:
    challenged(await ask(front.here, *headers, accept=accept))


async def test_the_scheme_is_read_in_any_case(front: Front) -> None:
    token = await front.doctor()
    for scheme in ("bearer", "BEARER", "Bearer "):
        assert patients(await ask(front.here, f"{scheme} {token}")) == {"Patient Z"}


async def test_a_forged_token_is_refused(front: Front) -> None:
    header, claims, signature = (await front.doctor()).split(".")
    other = (await front.token(Role.ADMIN, "admin@example.org")).split(".")[1]
    for forged in (f"{header}.{other}.{signature}", f"{header}.{claims}.{signature[:-4]}AAAA", f"{header}.{claims}."):
        challenged(await bearing(front.here, forged))


async def test_an_expired_token_is_refused(front: Front) -> None:
    token = await front.token(Role.DOCTOR, "doctor1@example.org", expires=30)
    assert patients(await bearing(front.here, token)) == {"Patient Z"}
    front.clock.now += timedelta(seconds=36)
    challenged(await bearing(front.here, token))


async def test_a_revoked_token_stops_at_once(front: Front) -> None:
    token, other = await front.doctor(), await front.doctor()
    for http in (front.here, front.there):
        assert patients(await bearing(http, token)) == {"Patient Z"}
    revoke = await front.here.post("/oauth/revoke", data={"client_id": "clinicgraph-development", "token": token})
    assert revoke.status_code == 200
    await refused_everywhere(front, token)
    assert patients(await bearing(front.there, other)) == {"Patient Z"}


async def test_a_suspended_user_stops_at_once_and_may_come_back(front: Front) -> None:
    token = await front.doctor()
    for http in (front.here, front.there):
        assert patients(await bearing(http, token)) == {"Patient Z"}
    await front.sql.execute("UPDATE users SET status = 'SUSPENDED' WHERE id = 1001")
    await refused_everywhere(front, token)
    await front.sql.execute("UPDATE users SET status = 'ACTIVE' WHERE id = 1001")
    for http in (front.here, front.there):
        await until(lambda response: response.status_code == 200, lambda http=http: bearing(http, token))  # type: ignore[misc]


async def test_a_revoked_role_counts_from_the_next_request_on(front: Front) -> None:
    token = await front.doctor()
    for http in (front.here, front.there):
        assert patients(await bearing(http, token)) == {"Patient Z"}
    await front.sql.execute("DELETE FROM user_roles WHERE user_id = 1001")
    for http in (front.here, front.there):
        await until(lambda response: codes(response) == {"FORBIDDEN"}, lambda http=http: bearing(http, token))  # type: ignore[misc]
        response = await bearing(http, token)
        assert (response.status_code, response.json()["data"]["doctors"]) == (200, PUBLIC)
        assert response.json()["data"]["appointments"] is None


async def test_what_the_token_does_not_allow_is_forbidden(front: Front) -> None:
    response = await bearing(front.here, await front.doctor("openid payout:read"))
    assert response.status_code == 200
    assert response.json()["data"] == {"doctors": PUBLIC, "appointments": None}
    assert codes(response) == {"FORBIDDEN"}


async def test_while_revocations_cannot_be_heard_no_token_is_accepted(front: Front) -> None:
    token = await front.doctor()
    assert (await bearing(front.here, token)).status_code == 200
    identity = front.apps[0].endpoint.viewer_of.viewers._revocations  # type: ignore[attr-defined]
    identity._hears = False
    response = await bearing(front.here, token)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["errors"][0]["extensions"] == {"code": "SERVICE_UNAVAILABLE"}
    assert "data" not in response.json()
    assert (await ask(front.here)).json()["data"]["doctors"] == PUBLIC
    ready = await front.here.get("/readyz")
    assert ready.status_code == 503
    assert "tokens are refused" in ready.json()["checks"]["identity"]
    assert (await bearing(front.there, token)).status_code == 200
    assert (await front.there.get("/readyz")).json()["checks"]["identity"] == "ok"


async def test_a_service_client_sees_what_its_scopes_say(front: Front) -> None:
    async with opened(front.dsn) as sessions, sessions.begin() as session:
        scopes = "appointment:read patient:read"
        made = await session.run_sync(lambda it: create_client(it, name="Service", scopes=scopes))

    async def token(scope: str = "") -> str:
        form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        given = await front.here.post("/oauth/token", data=form, auth=(made.client_id, made.client_secret or ""))
        access: str = given.json()["access_token"]
        return access

    assert patients(await bearing(front.there, await token())) == {"Patient Z", "Patient Y", "Patient X"}
    assert codes(await bearing(front.here, await token("patient:read"))) == {"FORBIDDEN"}


async def test_a_known_token_takes_no_statement(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await front.doctor()
    assert (await bearing(front.here, token)).status_code == 200
    viewers = front.apps[0].endpoint.viewer_of.viewers  # type: ignore[attr-defined]
    monkeypatch.setattr(viewers, "_fetch", None)
    monkeypatch.setattr(viewers, "_verifier", None)
    assert patients(await bearing(front.here, token)) == {"Patient Z"}


async def test_userinfo_says_what_the_scopes_let_see(front: Front) -> None:
    async def info(authorization: str | None) -> httpx.Response:
        headers = {} if authorization is None else {"authorization": authorization}
        return await front.here.get("/oauth/userinfo", headers=headers)

    whole = {
        "sub": "1001",
        "name": "Doctor A",
        "roles": ["DOCTOR"],
        "email": "doctor1@example.org",
        "email_verified": False,
    }
    token = await front.doctor()
    assert (await info(f"Bearer {token}")).json() == whole
    assert (await front.here.post("/oauth/userinfo", headers={"authorization": f"bearer {token}"})).json() == whole
    assert (await info(f"Bearer {await front.doctor('openid')}")).json() == {"sub": "1001"}
    lacking = await info(f"Bearer {await front.doctor('email')}")
    assert (lacking.status_code, lacking.json()["error"]) == (403, "insufficient_scope")
    nobody = await info(None)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    for bad in ("Bearer nonsense", "Basic x", f"Bearer {token}x"):
        refused = await info(bad)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    await front.sql.execute("UPDATE users SET status = 'SUSPENDED' WHERE id = 1001")
    assert (await info(f"Bearer {token}")).status_code == 401


async def test_the_metadata_leads_to_tokens(front: Front) -> None:
    resource = (await front.here.get("/.well-known/oauth-protected-resource")).json()
    assert resource["authorization_servers"] == [AT]
    server = (await front.here.get("/.well-known/openid-configuration")).json()
    assert server["userinfo_endpoint"] == f"{AT}/oauth/userinfo"


async def test_our_own_clients_are_there(front: Front) -> None:
    await prepare(front.dsn, front.settings)
    rows = await front.sql.fetch("SELECT id, redirect_uris, secret_hash, scopes FROM oauth_clients ORDER BY id")
    assert [(row["id"], row["redirect_uris"]) for row in rows] == [
        ("clinicgraph-dashboard", [f"{AT}/"]),
        (GRAPHIQL, [f"{AT}/graphql"]),
    ]
    assert all(row["secret_hash"] is None and row["scopes"] == list(Scope) for row in rows)
    for address, places in (
        ("http://127.0.0.1:8000", ["127.0.0.1:8000", "localhost:8000"]),
        ("http://localhost", ["localhost", "127.0.0.1"]),
        ("http://[::1]:80", ["[::1]:80", "127.0.0.1:80", "localhost:80"]),
        ("https://clinic.example", ["clinic.example"]),
    ):
        scheme = address.partition("://")[0]
        assert redirect_uris(address, "/x") == [f"{scheme}://{place}/x" for place in places]


async def test_with_an_external_issuer_there_is_no_sign_in_here(database: str, tmp_path: Path) -> None:
    settings = Settings(public_url=AT, data_dir=tmp_path, oidc_issuer="https://issuer.invalid", oidc_audience="clinic")
    await prepare(database, settings)
    app = create_app(database, settings, clock=utc_now)
    transport = httpx.ASGITransport(app)
    async with app.lifespan, httpx.AsyncClient(transport=transport, base_url=AT) as http:
        assert (await http.get("/oauth/sign-in")).status_code == 404
        resource = (await http.get("/.well-known/oauth-protected-resource")).json()
        assert (resource["resource"], resource["authorization_servers"]) == ("clinic", ["https://issuer.invalid"])
        assert (await ask(http)).json()["data"]["doctors"] == {"edges": []}
        challenged(await bearing(http, "nonsense"))
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"], "which signs the sandbox's webhooks"


def test_the_table_of_scopes_is_current(root: Path) -> None:
    written = (root / "docs" / "scopes.md").read_text()
    assert written == scopes_document(), "run make schema"
    for scope in Scope:
        (row,) = [line for line in written.splitlines() if line.startswith(f"| `{scope}` |")]
        assert row.count("✓") == sum(scope in scopes for scopes in ROLE_SCOPES.values())
