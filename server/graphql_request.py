"""What an HTTP request asks: its query, variables and operation, and in which form it wants the answer."""

import asyncio
import json
import re
from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from types import coroutine
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope

LARGEST_BODY = 1_000_000
LARGEST_VARIABLES = 10_000
"""Values in the variables of a request: coercing them is work for each."""
BODY_SECONDS = 10.0
"""How long a body may take to arrive."""
METHODS = b"GET, POST, QUERY"
JSON = b"application/json"
RESPONSE_JSON = b"application/graphql-response+json"
EVENT_STREAM = b"text/event-stream"
MULTIPART = b"multipart/mixed"
PREFLIGHTED = frozenset({b"graphql-require-preflight", b"apollo-require-preflight", b"x-apollo-operation-name"})
"""Headers that no other site's page can send without being asked first."""
MEMBERS = frozenset({"query", "documentId", "operationName", "variables", "extensions"})
MEMBER = re.compile(rb'"(?:%s)"\s*:' % "|".join(MEMBERS).encode())
HASH = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


class RequestRefused(Exception):
    """A request that is not a GraphQL request, or whose sender is not known; the message says why."""

    def __init__(self, status: int, message: str, *headers: tuple[bytes, bytes], code: str = "BAD_REQUEST") -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.code = code


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A well-formed request. Members it need not know are ignored.

    `query` is empty if the request names its document: `document_hash` is its SHA-256, in hexadecimal digits. Automatic
    is a name that the client itself has given.
    """

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None
    document_hash: str | None = None
    is_automatic: bool = False


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Headers by lower-case name; of a repeated one all values, joined as HTTP says."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


async def read_request(scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> GraphQLRequest:
    """The request of a GET, POST or QUERY. Raises RequestRefused."""
    method = scope["method"]
    if method == "GET":
        return read_get(scope, headers)
    if method in ("POST", "QUERY"):
        return await read_post(headers, receive)
    raise RequestRefused(405, "ask by GET, POST or QUERY", (b"allow", METHODS))


def read_get(scope: Scope, headers: dict[bytes, bytes]) -> GraphQLRequest:
    """The request of a GET; an empty parameter is one that is not there. Raises RequestRefused."""
    if PREFLIGHTED.isdisjoint(headers):
        raise RequestRefused(400, "a GET needs the header GraphQL-Require-Preflight, so that no other site can send it")
    try:
        pairs = parse_qsl(scope["query_string"].decode("ascii"), errors="strict", max_num_fields=100)
    except ValueError:
        raise RequestRefused(400, "the parameters must be few, and in UTF-8") from None
    given = {name: value for name, value in pairs if value}
    if len(given) < len([value for _, value in pairs if value]):
        raise RequestRefused(400, "a parameter is given twice")
    body: dict[str, Any] = dict(given)
    for name in ("variables", "extensions"):
        if name in given:
            body[name] = _json(given[name].encode(), name)
    return checked(body)


async def read_post(headers: dict[bytes, bytes], receive: Receive) -> GraphQLRequest:
    """The request of a POST. Raises RequestRefused."""
    kind, _, parameters = headers.get(b"content-type", b"").lower().partition(b";")
    charset = parameters.replace(b" ", b"").replace(b'"', b"")
    if kind.strip() != JSON or charset not in (b"", b"charset=utf-8"):
        raise RequestRefused(415, "the request must be application/json in UTF-8")
    text = await _body(headers, receive)
    body = _json(text, "the body")
    if isinstance(body, list):
        raise RequestRefused(400, "batches are not answered: send each operation as a request of its own")
    if not isinstance(body, dict):
        raise RequestRefused(400, "the body must be a JSON object with a query")
    if len(MEMBER.findall(text)) > len(MEMBERS & body.keys()):
        _refuse_twice(text)
    return checked(body)


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > LARGEST_BODY:
        raise _too_large()
    whole = _whole(receive)
    try:
        waiting = whole.send(None)
    except StopIteration as there:
        return cast("bytes", there.value)  # as most are: then no timer is needed
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _resumed(whole, waiting)
    except TimeoutError:
        raise RequestRefused(
            408, f"the body must arrive within {BODY_SECONDS:g} s", (b"connection", b"close"), code="REQUEST_TIMEOUT"
        ) from None


@coroutine
def _resumed(begun: Coroutine[Any, Any, bytes], waiting: Any) -> Generator[Any, Any, bytes]:
    """The rest of what has begun to wait, as an awaitable."""
    try:
        while True:
            try:
                outcome = yield waiting
            except BaseException as error:  # noqa: BLE001 - what is awaited says how it ended, and so does a timer
                waiting = begun.throw(error)
            else:
                waiting = begun.send(outcome)
    except StopIteration as there:
        return cast("bytes", there.value)


def _too_large() -> RequestRefused:
    return RequestRefused(413, f"the body must be at most {LARGEST_BODY:,} bytes")


async def _whole(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if message["type"] == "http.disconnect":
            raise RequestRefused(400, "the body ended early")
        if len(body) > LARGEST_BODY:
            raise _too_large()
        return body
    parts, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestRefused(400, "the body ended early")
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > LARGEST_BODY:
            raise _too_large()
    return b"".join(parts)


def _refuse_twice(text: bytes) -> None:
    """Looks closer at a body that may have a member twice. Raises RequestRefused."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) < len(pairs):
            raise RequestRefused(400, "a member of the body is given twice")
        return found

    json.loads(text, object_pairs_hook=once)


def _json(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise RequestRefused(400, f"{what} is not JSON") from None


def checked(body: dict[str, Any]) -> GraphQLRequest:
    """The request in a JSON object. Raises RequestRefused."""
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if variables is not None and not isinstance(variables, dict):
        raise RequestRefused(400, "variables must be an object")
    if name is not None and not isinstance(name, str):
        raise RequestRefused(400, "operationName must be a text")
    extensions = body.get("extensions")
    if not isinstance(extensions, dict | None):
        raise RequestRefused(400, "extensions must be an object")
    if variables and _values(variables, LARGEST_VARIABLES) > LARGEST_VARIABLES:
        raise RequestRefused(400, f"variables may hold at most {LARGEST_VARIABLES:,} values")
    document_hash, is_automatic = _named(body.get("documentId"), (extensions or {}).get("persistedQuery"))
    if query is None and document_hash is not None:
        query = ""
    if not isinstance(query, str):
        raise RequestRefused(400, "query must be a text" if query is not None else "there is no query")
    return GraphQLRequest(query, variables, name or None, document_hash, is_automatic)


def _values(value: Any, most: int) -> int:
    """How many values there are in a JSON value; counts no further once it is more than the most."""
    waiting, found = [value], 0
    while waiting and found <= most:
        each = waiting.pop()
        if isinstance(each, dict):
            each = list(each.values())
        if isinstance(each, list):
            found += len(each)
            if found <= most:
                waiting += [inner for inner in each if isinstance(inner, dict | list)]
    return found


def _named(document_id: Any, persisted: Any) -> tuple[str | None, bool]:
    """The hash by which a request names its document, and whether its client gave it. Raises RequestRefused."""
    if document_id is not None:
        named = HASH.fullmatch(document_id) if isinstance(document_id, str) else None
        if named is None:
            raise RequestRefused(400, "documentId must be sha256: and 64 hexadecimal digits")
        return named[1].lower(), False
    if persisted is None:
        return None, False
    given = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    named = HASH.fullmatch(given) if isinstance(given, str) else None
    if named is None or persisted.get("version") != 1:
        raise RequestRefused(400, "persistedQuery must have version 1 and the sha256Hash of a document")
    return named[1].lower(), True
