"""What a credential may be."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from domain.fields import LONG, Fields

MOST_DOCUMENTS = 20
REFERENCE = re.compile(r"[!-~]{1,500}")


def check_days(fields: Fields, issued_on: date | None, expires_on: date | None, today: date, *, name: str) -> None:
    """Whether it was issued, and has not expired; `name` is the field that says until when."""
    if issued_on is not None and issued_on > today:
        fields["issued_on"] = "this day is to come"
    if expires_on is not None and expires_on <= today:
        fields[name] = "this day is over"
    elif expires_on is not None and (expires_on.year > today.year + 100 or expires_on <= (issued_on or today)):
        fields[name] = "this is a day after the one of issue, at most a hundred years ahead"


def check_documents(fields: Fields, documents: Sequence[str] | None) -> list[str]:
    """References to documents: an address or a key of where they are kept, never the documents themselves."""
    once = list(dict.fromkeys(documents or ()))
    if len(once) > MOST_DOCUMENTS or not all(REFERENCE.fullmatch(each) for each in once):
        fields["documents"] = f"at most {MOST_DOCUMENTS} references of at most 500 characters, without spaces"
    return once


def check_credential(
    fields: Fields,
    *,
    number: str,
    issuer: str | None,
    issued_on: date | None,
    expires_on: date | None,
    documents: Sequence[str] | None,
    today: date,
) -> dict[str, Any]:
    """The columns of a credential; what is wrong with them is noted in `fields`."""
    check_days(fields, issued_on, expires_on, today, name="expires_on")
    return {
        "number": fields.licence("number", number),
        "issuer": fields.text("issuer", issuer),
        "issued_on": issued_on,
        "expires_on": expires_on,
        "documents": check_documents(fields, documents),
    }


def check_review_reason(fields: Fields, reason: str | None, *, needed: bool) -> str | None:
    return fields.text("reason", reason, longest=LONG, needed=needed)
