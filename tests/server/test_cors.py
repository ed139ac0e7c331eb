"""Other sites' pages: those that are named may ask, with tokens and without cookies; all others may not."""

from collections.abc import AsyncIterator

import httpx
import pytest

from server.app import create_app
from server.operating import Operating
from server.settings import Settings
from server.settings_error import SettingsError
from tests.client import viewer_of
from tests.streams.serving import serving

APP = "https://app.clinic.example"
ASKS = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}


@pytest.fixture
async def http(three: str) -> AsyncIterator[httpx.AsyncClient]:
    """A server that one other site's pages may ask."""
    app = create_app(three, Settings(operating=Operating(cors_origins=frozenset({APP}))), viewer_of=viewer_of)
    async with app.lifespan:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://clinicgraph.test") as opened:
            yield opened


@pytest.mark.parametrize("path", ["/graphql", "/oauth/token"])
async def test_a_named_origin_is_let_in(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.options(path, headers={"origin": APP, **ASKS})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == APP
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "graphql-require-preflight"} <= set(allowed)
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in answer.headers


async def test_its_answers_can_be_read(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"origin": APP, "x-test-viewer": "admin"}
    )
    assert answer.json() == {"data": {"__typename": "Query"}} or answer.json()["data"] == {"__typename": "Query"}
    assert answer.headers["access-control-allow-origin"] == APP
    assert "Origin" in answer.headers["vary"]
    assert {"x-request-id", "ratelimit"} <= set(answer.headers["access-control-expose-headers"].split(", "))


@pytest.mark.parametrize(
    "origin", ["https://evil.example", APP + ".evil.example", APP + ":444", "null", "http://app.clinic.example"]
)
async def test_another_origin_is_not(http: httpx.AsyncClient, origin: str) -> None:
    asked = await http.options("/graphql", headers={"origin": origin, "x-test-viewer": "admin", **ASKS})
    assert asked.status_code == 405
    answer = await http.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"origin": origin, "x-test-viewer": "admin"}
    )
    for each in (asked, answer):
        assert "access-control-allow-origin" not in each.headers
        assert "Origin" in each.headers["vary"]


async def test_without_origins_nothing_is_said(three: str) -> None:
    app = create_app(three, Settings(), viewer_of=viewer_of)
    async with app.lifespan, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a.test") as opened:
        answer = await opened.get("/healthz", headers={"origin": APP})
        assert not [name for name in answer.headers if name.startswith("access-control") or name == "vary"]


async def test_a_page_of_theirs_may_open_a_websocket(clinic: str) -> None:
    settings = Settings(operating=Operating(cors_origins=frozenset({APP})))
    async with serving(clinic, settings=settings) as served, served.socket(viewer="admin", origin=APP) as socket:
        assert socket.ack["type"] == "connection_ack"


@pytest.mark.parametrize(
    "origins", ["*", "https://*.example", "app.clinic.example", APP + "/", "null", "https://a:b", "https://A.example"]
)
def test_an_origin_is_exact(origins: str) -> None:
    with pytest.raises(SettingsError, match="CLINICGRAPH_CORS_ORIGINS"):
        Settings.read({"CLINICGRAPH_CORS_ORIGINS": origins})


def test_origins_are_a_list() -> None:
    given = Settings.read({"CLINICGRAPH_CORS_ORIGINS": f"{APP}, http://localhost:5173"})
    assert given.operating.cors_origins == {APP, "http://localhost:5173"}
