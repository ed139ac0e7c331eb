"""What an HTTP request asks: its query, variables and operation, and in which form it wants the answer."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope

LARGEST_BODY = 1_000_000
JSON = b"application/json"
RESPONSE_JSON = b"application/graphql-response+json"
PREFLIGHTED = frozenset({b"graphql-require-preflight", b"apollo-require-preflight", b"x-apollo-operation-name"})
"""Headers that no other site's page can send without being asked first."""


class RequestRefused(Exception):
    """A request that is not a GraphQL request; the message says why."""

    def __init__(self, status: int, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A well-formed request. Members it need not know are ignored."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Headers by lower-case name; of a repeated one all values, joined as HTTP says."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def answer_type(headers: dict[bytes, bytes]) -> bytes:
    """The media type of the answer, after `Accept` with its priorities. Raises RequestRefused (406)."""
    accept = headers.get(b"accept")
    if accept is None or accept == b"*/*":
        return JSON
    best, best_rank = JSON, 0.0
    for index, offer in enumerate(accept.lower().split(b",")):
        kind, *parameters = (part.strip() for part in offer.split(b";"))
        chosen = {RESPONSE_JSON: RESPONSE_JSON, JSON: JSON, b"*/*": JSON, b"application/*": JSON}.get(kind)
        rank = _quality(parameters) - index / 1_000_000
        if chosen is not None and rank > max(best_rank, 0):
            best, best_rank = chosen, rank
    if best_rank == 0:
        raise RequestRefused(406, "answers are application/graphql-response+json or application/json")
    return best


def _quality(parameters: list[bytes]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


async def read_request(scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> GraphQLRequest:
    """The request of a GET or POST. Raises RequestRefused."""
    if scope["method"] == "GET":
        return read_get(scope, headers)
    if scope["method"] == "POST":
        return await read_post(headers, receive)
    raise RequestRefused(405, "ask by GET or POST", (b"allow", b"GET, POST"))


def read_get(scope: Scope, headers: dict[bytes, bytes]) -> GraphQLRequest:
    """The request of a GET; an empty parameter is one that is not there. Raises RequestRefused."""
    if PREFLIGHTED.isdisjoint(headers):
        raise RequestRefused(400, "a GET needs the header GraphQL-Require-Preflight, so that no other site can send it")
    given = {name: value for name, value in parse_qsl(scope["query_string"].decode("latin-1")) if value}
    body: dict[str, Any] = dict(given)
    for name in ("variables", "extensions"):
        if name in given:
            body[name] = _json(given[name].encode(), name)
    return _checked(body)


async def read_post(headers: dict[bytes, bytes], receive: Receive) -> GraphQLRequest:
    """The request of a POST. Raises RequestRefused."""
    kind, _, parameters = headers.get(b"content-type", b"").lower().partition(b";")
    charset = parameters.replace(b" ", b"").replace(b'"', b"")
    if kind.strip() != JSON or charset not in (b"", b"charset=utf-8"):
        raise RequestRefused(415, "the request must be application/json in UTF-8")
    body = _json(await _body(headers, receive), "the body")
    if not isinstance(body, dict):
        raise RequestRefused(400, "the body must be a JSON object with a query; several at once are not answered")
    return _checked(body)


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    length = headers.get(b"content-length", b"0")
    too_large = RequestRefused(413, f"the body must be at most {LARGEST_BODY:,} bytes")
    if length.isdigit() and int(length) > LARGEST_BODY:
        raise too_large
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestRefused(400, "the body ended early")
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise too_large
    return body


def _json(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise RequestRefused(400, f"{what} is not JSON") from None


def _checked(body: dict[str, Any]) -> GraphQLRequest:
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if not isinstance(query, str):
        raise RequestRefused(400, "query must be a text" if query is not None else "there is no query")
    if variables is not None and not isinstance(variables, dict):
        raise RequestRefused(400, "variables must be an object")
    if name is not None and not isinstance(name, str):
        raise RequestRefused(400, "operationName must be a text")
    if not isinstance(body.get("extensions"), dict | None):
        raise RequestRefused(400, "extensions must be an object")
    return GraphQLRequest(query, variables, name or None)
