"""GraphQL over HTTP: what is asked in which form is answered in which form, and what is refused with which status."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from server.app import create_app
from server.settings import Settings
from server.wire import HttpProfile, Introspection, Wire
from tests.client import Client, viewer_of

QUERY = {"query": "{ doctors(first: 1) { edges { node { licenceNumber } } } }"}
ANSWER = {"data": {"doctors": {"edges": [{"node": {"licenceNumber": "L1"}}]}}}
VIEWER = {"x-test-viewer": "anonymous"}
PREFLIGHT = {"graphql-require-preflight": "1"}


async def post(client: Client, content: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    given = {"content-type": "application/json"} | named | VIEWER
    body = content if isinstance(content, bytes) else httpx.Request("POST", "/", json=content).content
    return await client.http.post("/graphql", content=body, headers=given)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        ("application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"),
        ("application/json, application/graphql-response+json", "application/json"),
        ("application/json;q=0.5, application/graphql-response+json;q=0.6", "application/graphql-response+json"),
        ("Application/GraphQL-Response+JSON; charset=utf-8", "application/graphql-response+json"),
        ("text/plain, */*;q=0.1", "application/json"),
    ],
)
async def test_the_answer_has_the_type_that_is_preferred(client: Client, accept: str, expected: str) -> None:
    response = await post(client, QUERY, accept=accept)
    assert (response.status_code, response.json()) == (200, ANSWER)
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/plain", "application/xml, image/*", "application/json;q=0"])
async def test_a_type_that_is_not_offered(client: Client, accept: str) -> None:
    assert (await post(client, QUERY, accept=accept)).status_code == 406


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=latin-1"],
)
async def test_a_body_that_is_not_json_by_name(client: Client, content_type: str) -> None:
    assert (await post(client, QUERY, content_type=content_type)).status_code == 415


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
async def test_a_body_that_says_it_is_utf8(client: Client, content_type: str) -> None:
    assert (await post(client, QUERY, content_type=content_type)).json() == ANSWER


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"null",
        b"[]",
        b'[{"query": "{ __typename }"}]',
        b'"query"',
        {},
        {"query": None},
        {"query": 1},
        {"query": "{ __typename }", "variables": []},
        {"query": "{ __typename }", "variables": "{}"},
        {"query": "{ __typename }", "operationName": 5},
        {"query": "{ __typename }", "extensions": 5},
    ],
    ids=str,
)
async def test_what_is_not_a_request(client: Client, body: Any) -> None:
    for accept in ("application/json", "application/graphql-response+json"):
        response = await post(client, body, accept=accept)
        assert response.status_code == 400
        assert response.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}
        assert "data" not in response.json()


async def test_members_that_are_null_or_unknown(client: Client) -> None:
    request = QUERY | {"variables": None, "operationName": None, "extensions": None, "more": 1}
    assert (await post(client, request)).json() == ANSWER


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ " + "__typename " * 2_000 + "}"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ physicians }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "{ doctors { edges } }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query($id: ID!) { doctor(id: $id) { id } }"}, "BAD_USER_INPUT"),
        (
            {"query": "query($n: Int!) { doctors(first: $n) { edges { cursor } } }", "variables": {"n": "x"}},
            "BAD_USER_INPUT",
        ),
        ({"query": "query A { __typename } query B { __typename }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query A { __typename }", "operationName": "C"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "fragment F on Doctor { id }"}, "GRAPHQL_VALIDATION_FAILED"),
    ],
    ids=lambda value: value if isinstance(value, str) else value["query"][:30],
)
async def test_a_request_that_cannot_be_run(client: Client, request_: dict[str, Any], code: str) -> None:
    for accept, status in (("application/json", 200), ("application/graphql-response+json", 400)):
        response = await post(client, request_, accept=accept)
        assert response.status_code == status
        assert response.json()["errors"][0]["extensions"]["code"] == code
        assert "data" not in response.json()


async def test_the_operation_that_is_named(client: Client) -> None:
    request = {"query": "query A { __typename } query B { b: __typename }", "operationName": "B"}
    assert (await post(client, request)).json() == {"data": {"b": "Query"}}


async def test_an_error_of_a_field_leaves_the_status(client: Client) -> None:
    request = {"query": '{ __typename doctor(id: "x") { id } }'}
    response = await post(client, request, accept="application/graphql-response+json")
    assert response.status_code == 200
    assert response.json()["data"] == {"__typename": "Query", "doctor": None}


async def test_a_body_that_is_too_large(client: Client) -> None:
    assert (await post(client, b" " * 1_000_001)).status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(1_100):
            yield b" " * 1_000

    response = await client.http.post(
        "/graphql", content=chunks(), headers={"content-type": "application/json"} | VIEWER
    )
    assert response.status_code == 413


async def test_asking_by_get(client: Client) -> None:
    parameters = {"query": "query($n: Int!) { doctors(first: $n) { edges { node { licenceNumber } } } }"}
    answered = await client.http.get(
        "/graphql", params=parameters | {"variables": '{"n": 1}', "operationName": ""}, headers=VIEWER | PREFLIGHT
    )
    assert (answered.status_code, answered.json()) == (200, ANSWER)
    unasked = await client.http.get("/graphql", params=parameters, headers=VIEWER)
    assert unasked.status_code == 400
    assert "GraphQL-Require-Preflight" in unasked.text
    for broken in ({}, {"query": "{ __typename }", "variables": "{"}, {"query": "{ __typename }", "variables": "[]"}):
        response = await client.http.get("/graphql", params=broken, headers=VIEWER | PREFLIGHT)
        assert response.status_code == 400


async def test_methods_that_are_not_offered(client: Client) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        response = await client.http.request(method, "/graphql", headers=VIEWER)
        assert response.status_code == 405
        assert "POST" in response.headers["allow"]


async def test_documents_are_kept_within_bounds(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.documents.KEPT_CHARACTERS", 200)
    for n in range(20):
        assert (await client.ask(f"{{ a{n}: __typename }}")).data == {f"a{n}": "Query"}
    kept = client.app.endpoint.documents._kept
    assert 5 < len(kept) < 20
    assert sum(map(len, kept)) <= 200


async def test_asking_by_query(client: Client) -> None:
    given = VIEWER | {"content-type": "application/json"}
    answered = await client.http.request("QUERY", "/graphql", json=QUERY, headers=given)
    assert (answered.status_code, answered.json()) == (200, ANSWER)
    for method, headers in (("QUERY", given), ("GET", VIEWER | PREFLIGHT)):
        mutation = {"query": "mutation { endAllSessions(input: {}) { __typename } }"}
        by_get = method == "GET"
        refused = await client.http.request(
            method, "/graphql", params=mutation if by_get else None, json=None if by_get else mutation, headers=headers
        )
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        assert refused.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_nobody_keeps_an_answer(client: Client) -> None:
    bodies: tuple[Any, ...] = (QUERY, {"query": "{"}, [])
    for body in bodies:
        assert (await post(client, body)).headers["cache-control"] == "private, no-store"


async def test_a_batch_is_told_from_what_is_no_request(client: Client) -> None:
    response = await post(client, [QUERY, QUERY])
    assert response.status_code == 400
    assert "batches are not answered" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{ __typename }", "query": "{ a: __typename }"}',
        b'{"query": "{ __typename }", "variables": {}, "variables": {"a": 1}, "more": 1}',
        b'{"query" : "{ __typename }", "operationName": "A", "query": "{ a: __typename }", "extensions": {}}',
    ],
)
async def test_a_member_that_is_given_twice(client: Client, body: bytes) -> None:
    response = await post(client, body)
    assert (response.status_code, response.json()["errors"][0]["message"]) == (
        400,
        "a member of the body is given twice",
    )
    twice = await client.http.get("/graphql?query={__typename}&query={a:__typename}", headers=VIEWER | PREFLIGHT)
    assert twice.status_code == 400


async def test_members_of_variables_may_be_called_as_those_of_the_body(client: Client) -> None:
    body = b'{"query": "{ __typename }", "variables": {"query": 1, "variables": {"query": 2}}}'
    assert (await post(client, body)).json() == {"data": {"__typename": "Query"}}


async def test_errors_are_shown_in_bounds(client: Client) -> None:
    answer = await client.ask("{ " + " ".join(f"physicians{n}" for n in range(80)) + " }")
    assert len(answer.body["errors"]) == 51
    assert answer.body["errors"][50] == {
        "message": "30 more errors are not shown",
        "extensions": {"code": "TOO_MANY_ERRORS"},
    }


async def test_an_answer_tells_its_cost(three: str) -> None:
    app = create_app(three, Settings(), viewer_of=viewer_of)
    async with app.lifespan, Client(app).http as http:
        given = {"x-test-viewer": "service"}
        query = "{ doctors(first: 50) { edges { node { clinics { name } } } } }"
        body = (await http.post("/graphql", json={"query": query}, headers=given)).json()
        objects = 1 + sum(2 + len(edge["node"]["clinics"]) for edge in body["data"]["doctors"]["edges"])
        assert body["extensions"] == {
            "cost": {"estimated": 1 + 50 * (2 + 10), "limit": 10_000, "actual": objects},
        }
        schema = (await http.post("/graphql", json={"query": "{ __schema { types { name } } }"}, headers=given)).json()
        assert schema["extensions"] == {"cost": {"estimated": 0, "limit": 10_000}}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("{ __typename }", 200),
        ('{ __typename doctor(id: "x") { id } }', 294),
        ("{", 400),
        ("{ physicians }", 422),
        ("query($id: ID!) { doctor(id: $id) { id } }", 422),
        ("query A { __typename } query B { __typename }", 422),
    ],
)
async def test_the_draft_of_august_2026(three: str, query: str, status: int) -> None:
    settings = Settings(wire=Wire(http_profile=HttpProfile.DRAFT_2026_08))
    app = create_app(three, settings, viewer_of=viewer_of)
    async with app.lifespan:
        client = Client(app)
        async with client.http:
            modern = await post(client, {"query": query}, accept="application/graphql-response+json")
            legacy = await post(client, {"query": query}, accept="application/json")
            assert (modern.status_code, legacy.status_code) == (status, 200)
            assert modern.json() == legacy.json()
            assert (await post(client, b"{")).status_code == 400
            assert (await post(client, {"query": query}, accept="text/plain")).status_code == 406
            assert (await post(client, {"query": query}, content_type="text/plain")).status_code == 415


@pytest.mark.parametrize("introspection", list(Introspection))
async def test_who_is_told_the_schema(three: str, introspection: Introspection) -> None:
    app = create_app(three, Settings(wire=Wire(introspection=introspection)), viewer_of=viewer_of)
    told = {"anonymous": introspection is Introspection.ON, "patient": introspection is not Introspection.OFF}
    async with app.lifespan:
        client = Client(app)
        async with client.http:
            for viewer, allowed in told.items():
                for query in (
                    "{ __schema { types { name } } }",
                    '{ ...F } fragment F on Query { __type(name: "A") { name } }',
                ):
                    answer = await client.ask(query, viewer=viewer)
                    assert answer.codes == ([] if allowed else ["INTROSPECTION_DISABLED"])
                for query, variables in (
                    ("{ doctor(id: 1) { licenseNumber } }", {}),
                    ("query ($f: SlotFilter) { slots(filter: $f) { edges { cursor } } }", {"f": {"doctorIdd": 1}}),
                ):
                    answer = await client.ask(query, variables, viewer=viewer)
                    assert ("Did you mean" in answer.response.text) is allowed
                assert (await client.ask("{ __typename }", viewer=viewer)).codes == []
