"""Headers of every answer."""

import httpx
import pytest

from server.app import create_app
from server.settings import Settings
from tests.client import Client, viewer_of


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/nothing", "/graphql", "/oauth/nothing"])
async def test_every_answer_has_them(client: Client, path: str) -> None:
    answer = await client.http.get(path, headers={"x-test-viewer": "service"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "private, no-store"
    assert len(answer.headers["x-request-id"]) == 32
    assert "strict-transport-security" not in answer.headers


async def test_an_answer_may_say_otherwise(client: Client) -> None:
    """GraphiQL's page sends forms, so it must say where they come from."""
    answer = await client.http.get("/graphql", headers={"accept": "text/html"})
    if answer.status_code == 200:  # the bundle is built
        assert answer.headers.get_list("referrer-policy") == ["same-origin"]
    assert len(answer.headers.get_list("cache-control")) == 1


async def test_https_is_for_good(three: str) -> None:
    app = create_app(three, Settings(public_url="https://clinic.example"), viewer_of=viewer_of)
    async with app.lifespan, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a.test") as http:
        answer = await http.get("/healthz")
    assert int(answer.headers["strict-transport-security"].removeprefix("max-age=")) >= 31_536_000
