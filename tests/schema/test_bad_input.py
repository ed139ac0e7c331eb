"""Bad input gets a clear, coded answer, and never a 500."""

import base64
from typing import Any

import pytest

from tests.client import Client


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "id",
    [
        "",
        "x",
        "not an id",
        "RG9jdG9y",
        encoded("Doctor:"),
        encoded("Doctor:-1"),
        encoded("Doctor:1 OR 1=1"),
        encoded("Doctor:²"),
        encoded(f"Doctor:{2**63}"),
        encoded("Doctor:" + "9" * 5000),
        encoded("Dragon:1"),
        "\0",
        "é" * 10,
        "A" * 100_000,
    ],
)
async def test_ids_that_are_none(client: Client, id: str) -> None:
    for query in ("query($id: ID!) { node(id: $id) { id } }", "query($id: ID!) { doctor(id: $id) { id } }"):
        answer = await client.ask(query, {"id": id})
        assert (answer.codes, answer.statements) == (["BAD_USER_INPUT"], 0)
        assert len(answer.body["errors"][0]["message"]) < 200


async def test_the_id_of_another_type(client: Client) -> None:
    answer = await client.ask("query($id: ID!) { doctor(id: $id) { id } }", {"id": encoded("Clinic:1")})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert "is the id of a Clinic, not of a Doctor" in answer.body["errors"][0]["message"]


@pytest.mark.parametrize("id", [0, 999_999, 2**63 - 1])
async def test_ids_of_nothing(client: Client, id: int) -> None:
    answer = await client.ask("query($id: ID!) { doctor(id: $id) { id } }", {"id": encoded(f"Doctor:{id}")})
    assert answer.data == {"doctor": None}


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
@pytest.mark.parametrize(
    "query",
    [
        "query($first: Int!) { doctors(first: $first) { edges { cursor } } }",
        "query($first: Int!) { doctors(first: 1) { edges { node { slots(first: $first) { edges { cursor } } } } } }",
        "query($first: Int!) { doctors(first: 1) { edges { node { nextSlots(first: $first) { id } } } } }",
    ],
)
async def test_page_sizes_that_cannot_be(client: Client, query: str, first: int) -> None:
    answer = await client.ask(query, {"first": first})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert f"not {first}" in answer.body["errors"][0]["message"]


@pytest.mark.parametrize(
    "after",
    [
        "",
        "x",
        "é",
        encoded("null"),
        encoded("[]"),
        encoded("{}"),
        encoded('["doctors"]'),
        encoded('["doctors", "1"]'),
        encoded('["doctors", true]'),
        encoded('["doctors", 1.5]'),
        encoded(f'["doctors", {2**63}]'),
        encoded('["doctors", 1, 2]'),
        encoded('["clinics", 1]'),
        encoded('["doctors-name", "A", 1]'),
        encoded('["doctors", ' + "[" * 2000),
    ],
)
async def test_cursors_that_are_none(client: Client, after: str) -> None:
    answer = await client.ask("query($after: String) { doctors(after: $after) { edges { cursor } } }", {"after": after})
    assert (answer.codes, answer.statements) == (["BAD_USER_INPUT"], 0)


@pytest.mark.parametrize(
    "after", ['["appointments-latest", "yesterday", 1]', '["appointments-latest", "2026-01-01", 1]']
)
async def test_cursors_with_bad_instants(client: Client, after: str) -> None:
    query = "query($after: String) { appointments(after: $after) { edges { cursor } } }"
    assert (await client.ask(query, {"after": encoded(after)})).codes == ["BAD_USER_INPUT"]


async def test_a_cursor_with_nul(client: Client) -> None:
    query = "query($after: String) { doctors(after: $after, orderBy: NAME) { edges { cursor } } }"
    answer = await client.ask(query, {"after": encoded('["doctors-name", "a\\u0000b", 1]')})
    assert answer.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("field", "filter"),
    [
        ("doctors", {"search": "!!!"}),
        ("doctors", {"search": "x" * 201}),
        ("doctors", {"search": "a\0b"}),
        ("doctors", {"city": "\0"}),
        ("doctors", {"specialty": "x" * 10_000}),
        ("doctors", {"near": {"latitude": 91, "longitude": 0}}),
        ("doctors", {"near": {"latitude": 0, "longitude": 181}}),
        ("doctors", {"near": {"latitude": 0, "longitude": 0, "radiusKm": 0}}),
        ("doctors", {"near": {"latitude": 0, "longitude": 0, "radiusKm": 501}}),
        ("doctors", {"clinicId": "nonsense"}),
        ("slots", {"doctorIds": [encoded("Clinic:1")]}),
        ("slots", {"onlyFree": False}),
        ("slots", {"doctorIds": [encoded("Doctor:1")] * 101}),
        ("slots", {"maxFee": {"amount": 1, "currency": "\0"}}),
        ("appointments", {"statuses": ["PENDING"] * 101}),
        ("patients", {"email": "x" * 201}),
    ],
)
async def test_filters_that_cannot_be(client: Client, field: str, filter: dict[str, Any]) -> None:
    type_ = {"doctors": "Doctor", "slots": "Slot", "appointments": "Appointment", "patients": "Patient"}[field]
    query = f"query($filter: {type_}Filter) {{ {field}(filter: $filter) {{ edges {{ cursor }} }} }}"
    answer = await client.ask(query, {"filter": filter})
    assert (answer.codes, answer.statements) == (["BAD_USER_INPUT"], 0)


@pytest.mark.parametrize(
    ("field", "filter", "found"),
    [
        ("doctors", {"search": "  "}, 3),
        ("doctors", {"search": "doctor'); DROP TABLE doctors; --"}, 0),
        ("doctors", {"search": "doc & | ! <-> :*"}, 3),
        ("doctors", {"search": "%"}, None),
        ("doctors", {"city": "%"}, 0),
        ("doctors", {"language": "EN"}, 0),
        ("doctors", {"near": {"latitude": 90, "longitude": 180, "radiusKm": 500}}, 0),
        ("slots", {"doctorIds": []}, 0),
        ("slots", {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}, 20),
        ("slots", {"from": "2026-06-17T00:00:00Z", "to": "2026-06-16T00:00:00Z"}, 0),
        ("appointments", {"statuses": []}, 0),
    ],
)
async def test_odd_filters(client: Client, field: str, filter: dict[str, Any], found: int | None) -> None:
    type_ = {"doctors": "Doctor", "slots": "Slot", "appointments": "Appointment"}[field]
    query = f"query($filter: {type_}Filter) {{ {field}(filter: $filter) {{ edges {{ cursor }} }} }}"
    answer = await client.ask(query, {"filter": filter})
    if found is None:
        assert answer.codes == ["BAD_USER_INPUT"]
    else:
        assert len(answer.data[field]["edges"]) == found


@pytest.mark.parametrize(
    "value",
    [
        "2026-06-01",
        "2026-06-01T09:00:00",
        "yesterday",
        "",
        5,
        True,
        [],
        {},
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+23:00",
    ],
)
async def test_instants_that_are_none(client: Client, value: object) -> None:
    query = "query($from: DateTime) { slots(filter: { from: $from }) { edges { cursor } } }"
    answer = await client.ask(query, {"from": value})
    assert answer.statements == 0
    assert "errors" in answer.body
    assert answer.response.status_code < 500


async def test_nearest_needs_a_point(client: Client) -> None:
    answer = await client.ask("{ clinics(orderBy: NEAREST) { edges { cursor } } }")
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_a_bug_is_masked(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from loaders.reads import Reads

    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Reads, "fetch", broken)
    answer = await client.ask("{ doctors { edges { cursor } } }")
    assert answer.codes == ["INTERNAL_SERVER_ERROR"]
    assert "secret" not in answer.response.text
    assert answer.body["errors"][0]["extensions"]["requestId"] == answer.response.headers["x-request-id"]
    assert "secret detail" in caplog.text
