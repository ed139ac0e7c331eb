"""Asks for answers in several payloads, and puts them together as a client does."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from tests.client import Client

CURRENT, OLDER = "multipart/mixed", "multipart/mixed;deferSpec=20220824"
PART = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"


def parts_of(content: bytes) -> list[Any]:
    """The payloads of a whole answer of several parts."""
    preamble, *parts, end = content.split(b"\r\n---")
    first = preamble.removeprefix(b"---")
    assert first != preamble
    assert end == b"--\r\n"
    assert all(part.startswith(PART) for part in (first, *parts))
    return [json.loads(part.removeprefix(PART)) for part in (first, *parts)]


@dataclass
class Payloads:
    """What came, and how many statements it took."""

    response: httpx.Response
    statements: int

    @property
    def all(self) -> list[Any]:
        assert self.response.headers["content-type"].startswith('multipart/mixed; boundary="-"'), self.response.text
        return parts_of(self.response.content)

    @property
    def whole(self) -> dict[str, Any]:
        """The answer that the payloads make together; `failed` are the paths of what did not come."""
        return put_together(self.all)

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.response.json()["errors"]]


async def ask_in_payloads(
    client: Client,
    query: str,
    variables: dict[str, Any] | None = None,
    *,
    viewer: str = "service",
    accept: str = f"{CURRENT}, application/json",
) -> Payloads:
    response = await client.http.post(
        "/graphql",
        json={"query": query, "variables": variables or {}},
        headers={"x-test-viewer": viewer, "accept": accept},
    )
    context = client._scope.get("context")
    return Payloads(response, context.reads.statements if context else 0)


def put_together(payloads: list[Any]) -> dict[str, Any]:
    """One answer of payloads of 2024, which must keep the rules: ids are announced, and ended once."""
    first, *others = payloads
    if "hasNext" not in first:
        assert not others
        whole: dict[str, Any] = first
        return whole
    data, errors, failed = first["data"], list(first.get("errors", ())), []
    pending: dict[str, Any] = {}
    announced: set[str] = set()
    for nth, payload in enumerate(payloads):
        assert payload["hasNext"] is (nth < len(others))
        for each in payload.get("pending", ()):
            assert each["id"] not in announced
            announced.add(each["id"])
            pending[each["id"]] = each["path"]
        for each in payload.get("incremental", ()):
            path = [*pending[each["id"]], *each.get("subPath", ())]
            errors += each.get("errors", ())
            if "items" in each:
                at(data, path).extend(each["items"])
            else:
                merge(at(data, path), each["data"])
        for each in payload.get("completed", ()):
            path = pending.pop(each["id"])
            if "errors" in each:
                errors += each["errors"]
                failed.append(path)
    assert not pending
    return {"data": data} | ({"errors": errors} if errors else {}) | ({"failed": failed} if failed else {})


def put_together_older(payloads: list[Any]) -> dict[str, Any]:
    """One answer of payloads of 2022."""
    first, *others = payloads
    data, errors = first["data"], list(first.get("errors", ()))
    for each in [each for payload in others for each in payload.get("incremental", ())]:
        errors += each.get("errors", ())
        if each.get("items") is not None:
            *path, start = each["path"]
            there = at(data, path)
            assert len(there) == start
            there.extend(each["items"])
        elif each.get("data") is not None:
            merge(at(data, each["path"]), each["data"])
    return {"data": data} | ({"errors": errors} if errors else {})


def at(data: Any, path: list[str | int]) -> Any:
    for key in path:
        data = data[key]
    return data


def merge(into: Any, found: Any) -> None:
    for key, value in found.items():
        if key not in into:
            into[key] = value
        elif isinstance(value, dict):
            merge(into[key], value)
        else:
            assert isinstance(value, list), (key, value)
            for one, other in zip(into[key], value, strict=True):
                merge(one, other)
