"""Inputs that change a part of a record: what is not sent stays as it is, null clears what may be empty."""

from typing import Any

import strawberry

from schema.fields import described

VERSION = "The record's `version` that you read: a change that somebody made since is not overwritten, but a CONFLICT."
KEY = "Done once for each key (24 hours)."


def changed(description: str) -> Any:
    """An input's field that may be left out, which changes nothing."""
    return described(description, default=strawberry.UNSET)


def sent(input: Any, *names: str) -> dict[str, Any]:
    """Those of an input's fields that were sent."""
    values = {name: getattr(input, name) for name in names}
    return {name: value for name, value in values.items() if value is not strawberry.UNSET}
