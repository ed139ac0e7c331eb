"""The messages and close codes of graphql-transport-ws."""

from enum import IntEnum
from typing import Any

import orjson

from server.graphql_request import GraphQLRequest, RequestRefused, checked

PROTOCOL = "graphql-transport-ws"
LONGEST_ID = 200


class CloseCode(IntEnum):
    RESTART = 1012
    LATER = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    NO_SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    ID_TAKEN = 4409
    TOO_MANY_INITS = 4429
    BUG = 4500


class Violation(Exception):
    """What a client may not do: its connection is closed with a code."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def read_message(text: str | None) -> dict[str, Any]:
    """A message, whose `type` is a text and whose `payload`, if there, is an object. Raises Violation."""
    try:
        message = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        raise Violation(CloseCode.BAD_REQUEST, "a message is a text with a JSON object") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise Violation(CloseCode.BAD_REQUEST, "a message is a JSON object with a type")
    if not isinstance(message.get("payload"), dict | None):
        raise Violation(CloseCode.BAD_REQUEST, "a payload is an object")
    return message


def operation_id(message: dict[str, Any]) -> str:
    """The id of an operation. Raises Violation."""
    name = message.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_ID:
        raise Violation(CloseCode.BAD_REQUEST, f"an id is a text of 1 to {LONGEST_ID} characters")
    return name


def request_in(message: dict[str, Any]) -> GraphQLRequest:
    """The request of a `subscribe`. Raises Violation."""
    try:
        return checked(message.get("payload") or {})
    except RequestRefused as refusal:
        raise Violation(CloseCode.BAD_REQUEST, str(refusal)) from None


def authorization_in(message: dict[str, Any]) -> bytes | None:
    """What the payload of a `connection_init` gives in place of the header. Raises Violation."""
    given = [value for name, value in (message.get("payload") or {}).items() if name.lower() == "authorization"]
    if not given or given == [None]:
        return None
    if len(given) > 1 or not isinstance(given[0], str):
        raise Violation(CloseCode.BAD_REQUEST, "authorization is one text")
    return given[0].encode("latin-1", "replace")
