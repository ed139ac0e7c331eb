"""One shape for all answers: what the hand-written endpoint gives, with ids as numbers and instants in UTC."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
NUMBERS = ("id", "amount")


def common_shape(value: Any, name: str = "") -> Any:
    """An answer without what only differs in style: connections, nested money and places, ids, instants."""
    if isinstance(value, dict):
        if "edges" in value:
            return [common_shape(edge["node"]) for edge in value["edges"]]
        if isinstance(value.get("amount"), dict):
            value = {**value, **value["amount"]}
        if isinstance(value.get("place"), dict):
            value = {**value, **value["place"]}
            del value["place"]
        return {key: common_shape(item, key) for key, item in sorted(value.items())}
    if isinstance(value, list):
        if name == "payment":
            return common_shape(value[0]) if value else None
        return [common_shape(item) for item in value]
    return _plain(value, name) if isinstance(value, str) else value


def _plain(text: str, name: str) -> str | int:
    if name in NUMBERS:
        return _number(text)
    return datetime.fromisoformat(text).astimezone(UTC).isoformat() if INSTANT.match(text) else text


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    return int(urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")[2])


def global_id(type_name: str, id: int) -> str:
    """How our schema writes a row's id."""
    return urlsafe_b64encode(f"{type_name}:{id}".encode()).decode().rstrip("=")


def size(value: Any) -> int:
    """How many values an answer has, lists and objects not counted."""
    if isinstance(value, dict):
        return sum(size(item) for item in value.values())
    if isinstance(value, list):
        return sum(size(item) for item in value)
    return 1
