"""`@defer` and `@stream`: who asks for several payloads gets them, and everybody else a whole answer."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.app import create_app
from server.settings import Settings
from server.wire import Wire
from tests.client import Client, viewer_of
from tests.server.incremental.asking import CURRENT, OLDER, ask_in_payloads, parts_of, put_together

QUERY = """query ($later: Boolean! = true) {
  clinics(first: 2) { edges { node { name ... @defer(if: $later, label: "Places") { city timeZone } } } }
}"""
PLAIN = "{ clinics(first: 2) { edges { node { name city timeZone } } } }"
WHOLE = {"json": "application/json", "response": "application/graphql-response+json"}
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
PREFLIGHT = {"graphql-require-preflight": "1"}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "json"),
        ("application/json", "json"),
        ("application/json, */*;q=0.1", "json"),
        ("multipart/mixed;q=0, application/json", "json"),
        ("multipart/mixed;q=0.5, application/json", "json"),
        ("multipart/mixed;q=0.5, */*", "json"),
        ("multipart/form-data, application/graphql-response+json", "response"),
        ("multipart/mixed", "parts"),
        ("application/json, multipart/mixed", "parts"),
        ('multipart/mixed; boundary="-", application/json;q=0.9', "parts"),
        ("multipart/mixed;incrementalSpec=v0.2,application/graphql-response+json,application/json;q=0.9", "parts"),
        ("multipart/mixed; deferSpec=20220824, application/graphql-response+json, application/json;q=0.9", "older"),
        ('multipart/mixed;deferSpec="20220824", application/json', "older"),
        (URQL, "parts"),
    ],
)
async def test_only_who_asks_for_payloads(accept: str, kind: str, client: Client) -> None:
    """The stock server answers several parts to whoever writes `@defer`."""
    answer = await ask_in_payloads(client, QUERY, accept=accept)
    plain = (await client.ask(PLAIN)).body
    assert answer.response.status_code == 200
    headers = answer.response.headers
    assert headers["cache-control"] == "private, no-store"
    if kind in WHOLE:
        assert headers["content-type"] == f"{WHOLE[kind]}; charset=utf-8"
        assert answer.response.json() == plain
    elif kind == "parts":
        assert headers["content-type"] == 'multipart/mixed; boundary="-"'
        assert headers["x-accel-buffering"] == "no"
        assert answer.whole == plain
    else:
        assert headers["content-type"] == 'multipart/mixed; boundary="-"; deferSpec=20220824'
        assert [set(each) for each in answer.all] == [{"data", "hasNext"}, {"incremental", "hasNext"}]


async def test_without_an_accept(client: Client) -> None:
    request = client.http.build_request("POST", "/graphql", json={"query": QUERY}, headers={"x-test-viewer": "service"})
    del request.headers["accept"]
    answer = await client.http.send(request)
    assert answer.json() == (await client.ask(PLAIN)).body


async def test_the_bytes(client: Client) -> None:
    query = '{ clinics(first: 1) { edges { node { name ... @defer(label: "L") { city } } } } }'
    answer = await ask_in_payloads(client, query)
    part = "\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
    path = '["clinics","edges",0,"node"]'
    assert answer.response.text == (
        f'---{part}{{"data":{{"clinics":{{"edges":[{{"node":{{"name":"Clinic 1"}}}}]}}}},'
        f'"pending":[{{"id":"0","path":{path},"label":"L"}}],"hasNext":true}}\r\n'
        f'---{part}{{"incremental":[{{"id":"0","data":{{"city":"Berlin"}}}}],'
        f'"completed":[{{"id":"0"}}],"hasNext":false}}\r\n-----\r\n'
    )


@pytest.mark.parametrize("accept", [CURRENT, f"{CURRENT}, application/json"])
async def test_nothing_is_left_for_later(accept: str, client: Client) -> None:
    """Then it is one piece: JSON, unless that is not accepted."""
    answer = await ask_in_payloads(client, QUERY, {"later": False}, accept=accept)
    body = answer.all[0] if accept == CURRENT else answer.response.json()
    assert body == (await client.ask(PLAIN)).body
    if accept == CURRENT:
        assert len(answer.all) == 1
        assert int(answer.response.headers["content-length"]) == len(answer.response.content)


async def test_what_is_refused_to_who_takes_only_parts(client: Client) -> None:
    refused = await ask_in_payloads(client, "{ nothing }", accept=CURRENT)
    ((error,),) = [each["errors"] for each in refused.all]
    assert (refused.response.status_code, error["extensions"]["code"]) == (200, "GRAPHQL_VALIDATION_FAILED")
    headers = {"accept": CURRENT, "x-test-viewer": "service"}
    answer = await client.http.post("/graphql", json={"query": 1}, headers=headers)
    assert (answer.status_code, parts_of(answer.content)[0]["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_by_get_and_query(client: Client) -> None:
    headers = {"accept": f"{CURRENT}, application/json", "x-test-viewer": "service", **PREFLIGHT}
    plain = (await client.ask(PLAIN)).body
    answer = await client.http.get("/graphql", params={"query": QUERY}, headers=headers)
    assert put_together(parts_of(answer.content)) == plain
    answer = await client.http.request("QUERY", "/graphql", json={"query": QUERY}, headers=headers)
    assert put_together(parts_of(answer.content)) == plain
    writes = 'mutation { updateMe(input: {name: "N"}) { user { ... @defer { name } } } }'
    answer = await client.http.get("/graphql", params={"query": writes}, headers=headers)
    assert answer.status_code == 405


async def test_who_asks_for_the_schema_gets_it_whole(client: Client) -> None:
    query = "{ __schema { ... @defer { queryType { name } } } }"
    answer = await ask_in_payloads(client, query)
    assert answer.response.json() == {"data": {"__schema": {"queryType": {"name": "Query"}}}}


@pytest.mark.parametrize("persisted", [False, True])
async def test_documents_that_are_named(persisted: bool, three: str, tmp_path: Path) -> None:
    name = hashlib.sha256(QUERY.encode()).hexdigest()
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({name: QUERY}))
    wire = Wire(show_cost=False, persisted_documents=manifest, persisted_only=frozenset({"all"}))
    app = create_app(three, Settings(wire=Wire(show_cost=False) if persisted else wire), viewer_of=viewer_of)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://clinicgraph.test")
    headers = {"x-test-viewer": "anonymous", "accept": f"{CURRENT}, application/json"}
    async with app.lifespan, http:
        asked: dict[str, Any] = {"documentId": f"sha256:{name}"}
        if persisted:
            asked = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": name}}}
            await http.post("/graphql", json=asked | {"query": QUERY}, headers=headers)
        answer = await http.post("/graphql", json=asked, headers=headers)
        together = put_together(parts_of(answer.content))
        headers["accept"] = "application/json"
        answer = await http.post("/graphql", json=asked, headers=headers)
        assert answer.json() == together
        assert len(together["data"]["clinics"]["edges"]) == 2


async def test_the_older_format(client: Client) -> None:
    query = """{
      doctors(first: 2, orderBy: REGISTRATION) {
        edges @stream(initialCount: 1, label: "More") { node { specialty ... @defer(label: "Who") { user { name } } } }
      }
      ... @defer(label: "A") { clinics(first: 1) { edges { node { name } } } }
      ... @defer(label: "B") { clinics(first: 1) { edges { node { name } } } }
    }"""
    first, *others = (await ask_in_payloads(client, query, accept=OLDER)).all
    assert first == {"data": {"doctors": {"edges": [{"node": {"specialty": "General practice"}}]}}, "hasNext": True}
    assert [each["hasNext"] for each in others] == [True] * (len(others) - 1) + [False]
    later = [each for payload in others for each in payload.get("incremental", ())]
    clinics = {"clinics": {"edges": [{"node": {"name": "Clinic 1"}}]}}
    expected: list[Any] = [
        {"items": [{"node": {"specialty": "Cardiology"}}], "path": ["doctors", "edges", 1], "label": "More"},
        {"data": {"user": {"name": "Doctor A"}}, "path": ["doctors", "edges", 0, "node"], "label": "Who"},
        {"data": {"user": {"name": "Doctor B"}}, "path": ["doctors", "edges", 1, "node"], "label": "Who"},
        {"data": clinics, "path": [], "label": "A"},
        {"data": {}, "path": [], "label": "B"},
    ]
    assert sorted(later, key=str) == sorted(expected, key=str)
