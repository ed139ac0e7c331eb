"""The limits hold whichever way an answer is delivered; and what is deferred is read in batches."""

import json
from typing import Any

import httpx
import pytest

from server.app import create_app
from server.incremental.form import MOST_LATER
from server.rate_limits import OwnBuckets
from server.settings import Settings
from server.wire import Wire
from tests.client import Client, viewer_of
from tests.server.incremental.asking import CURRENT, ask_in_payloads, parts_of

WIDE = """query ($n: Int!) { doctors(first: $n) { edges @stream { node {
  specialty ... @defer { slots(first: 100) { edges @stream { node { start } } } } } } } }"""


async def test_a_flood_of_fragments(client: Client) -> None:
    for flood, code in (
        ("{ " + "... @defer { rateLimit { cost } } " * 1_000 + "}", "GRAPHQL_PARSE_FAILED"),
        ("{ " + "... @defer { rateLimit { cost } } " * 70 + "}", "QUERY_TOO_COMPLEX"),
        (
            "{ " + "...F @defer " * 1_000 + "} fragment F on Query { rateLimit { cost } }",
            "GRAPHQL_PARSE_FAILED",
        ),
    ):
        assert code in (await ask_in_payloads(client, flood)).codes
        assert code in (await client.ask(flood)).codes


async def test_how_much_may_follow_later(client: Client) -> None:
    """For each doctor a fragment and an item, and a hundred items in it; in one piece it is no more than its cost."""
    most = (MOST_LATER - 1) // 102
    fits = await ask_in_payloads(client, WIDE, {"n": most})
    assert len(fits.whole["data"]["doctors"]["edges"]) == 3
    refused = await ask_in_payloads(client, WIDE, {"n": most + 1})
    (error,) = refused.response.json()["errors"]
    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX", "limit": MOST_LATER, "found": 102 * (most + 1)}
    assert (await client.ask(WIDE, {"n": most + 1})).codes == []


async def test_the_depth_of_what_is_deferred(client: Client) -> None:
    for down, up in (("nextSlots { doctor { ", " } }"), ("nextSlots { ... @defer { doctor { ", " } } }")):
        query = "{ doctors { edges { node { " + 7 * down + "specialty" + 7 * up + " } } } }"
        assert "QUERY_TOO_COMPLEX" in (await ask_in_payloads(client, query)).codes


async def test_cost_and_rate(three: str) -> None:
    """A document costs the same, whoever delivers it how; a caller has one bucket for all."""
    query = "{ clinics(first: 30) { edges @stream { node { name ... @defer { doctors { edges { cursor } } } } } } }"
    app = create_app(three, Settings(wire=Wire(rate=1_500)), viewer_of=viewer_of)
    app.endpoint.admission.buckets = OwnBuckets(lambda: 0.0)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://clinicgraph.test")
    async with app.lifespan, http:
        costs: list[Any] = []
        for accept in (f"{CURRENT}, application/json", "application/json", f"{CURRENT}, application/json"):
            headers = {"x-test-viewer": "service", "accept": accept}
            answer = await http.post("/graphql", json={"query": query}, headers=headers)
            if answer.status_code == 200:
                body = parts_of(answer.content)[0] if accept.startswith(CURRENT) else json.loads(answer.content)
                costs.append(body["extensions"]["cost"]["estimated"])
                assert "ratelimit" in answer.headers
        assert costs == [costs[0]] * 2
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")


STATEMENTS = {
    "{ appointments(first: 30) { edges { node { status ... @defer { patient { user { name } } slot { id } } } } } }": 4,
    "{ appointments(first: 30) { edges @stream { node { status patient { user { name } } slot { start } } } } }": 4,
    "{ doctors { edges @stream(initialCount: 1) { node { clinics { name } ... @defer { user { name } } } } } }": 5,
    """{ clinicDashboard(clinicId: "Q2xpbmljOjE", range: {from: "2026-06-10", to: "2026-06-20"}) {
      clinic { name } ... @defer { agenda(first: 20) { edges { node { patient { user { name } } slot { start } } } } }
    } }""": 6,
}


@pytest.mark.parametrize("query", STATEMENTS)
async def test_what_is_deferred_is_read_in_batches(query: str, clinic_database: tuple[str, int]) -> None:
    """Over 30 rows as over 3."""
    dsn, _ = clinic_database
    async with Client.of(dsn) as client:
        viewer = "manager" if "Dashboard" in query else "service"
        answer = await ask_in_payloads(client, query, viewer=viewer)
        plain = await client.ask(query, viewer=viewer)
    assert answer.whole == plain.body
    assert answer.statements <= STATEMENTS[query]


async def test_as_many_errors_as_in_any_answer(client: Client) -> None:
    """In all payloads together."""
    wrong = " ".join(f"a{n}: appointments(first: 101) {{ pageInfo {{ hasNextPage }} }}" for n in range(20))
    query = f"{{ doctors(first: 3) {{ edges {{ node {{ specialty ... @defer {{ {wrong} }} }} }} }} }}"
    answer = await ask_in_payloads(client, query)
    together = answer.whole
    codes = [error["extensions"]["code"] for error in together["errors"]]
    assert codes == ["BAD_USER_INPUT"] * 50 + ["TOO_MANY_ERRORS"]
    assert len([each for payload in answer.all for each in payload.get("completed", ())]) == 3
