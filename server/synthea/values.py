"""One value of a file each: checked, and turned into what the tables hold. Messages never quote the value."""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
_AMOUNT = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,30})?")
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,30})?(E-[0-9]{1,2})?", re.IGNORECASE)
_PHONE = re.compile(r"(?<![0-9])(?:\+?1[-. ]?)?\(?([2-9][0-9]{2})\)?[-. ]?([2-9][0-9]{2})[-. ]?([0-9]{4})(?![0-9])")
_NUMBER_AFTER_NAME = re.compile(r"(?<=[^\W\d])[0-9]+(?=\s|-|$)")
_SEMANTIC_TAG = re.compile(r" \((disorder|finding|procedure|regime/therapy|situation)\)$")
_CAPITAL_S = re.compile(r"'S\b")
_CENT = Decimal("0.01")


class BadValueError(ValueError):
    """A value that no row of a whole file has; it names its column."""


def identifier(column: str, value: str) -> UUID:
    if not _ID.fullmatch(value):
        raise BadValueError(f"{column} is missing" if not value else f"{column} is not a UUID")
    return UUID(value)


def required(column: str, value: str) -> str:
    """Text on one line, not empty."""
    if not (text := one_line(value)):
        raise BadValueError(f"{column} is missing")
    return text


def one_line(value: str) -> str:
    return " ".join(value.split())


def day(column: str, value: str) -> date:
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise BadValueError(f"{column} is not a date (YYYY-MM-DD)")


def instant(column: str, value: str) -> datetime:
    """An ISO 8601 instant, in UTC. One without a zone is refused: it could be any of 24 hours."""
    try:
        if _INSTANT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadValueError(f"{column} is not an instant (YYYY-MM-DDThh:mm:ssZ)")


def minor_units(column: str, value: str) -> int:
    """Dollars as cents, in decimal arithmetic; what is finer than a cent is rounded half to even."""
    if not _AMOUNT.fullmatch(value):
        raise BadValueError(f"{column} is not an amount of money")
    return int(Decimal(value).quantize(_CENT, ROUND_HALF_EVEN).scaleb(2))


def degrees(column: str, value: str, limit: int) -> float | None:
    """Degrees within ±limit; None where nothing is given."""
    if not value:
        return None
    if not _DEGREES.fullmatch(value) or abs(float(value)) > limit:
        raise BadValueError(f"{column} is not between -{limit} and {limit} degrees")
    return float(value)


def phone(value: str) -> str | None:
    """The first North American number as E.164 (+15305550100); None where there is none."""
    found = _PHONE.search(value)
    return "+1" + "".join(found.groups()) if found else None


def person_name(*parts: str) -> str:
    """A name without the digits that Synthea appends to each of its words (Ana14 Ruiz205 → Ana Ruiz)."""
    return one_line(_NUMBER_AFTER_NAME.sub("", one_line(" ".join(parts))))


def title(value: str) -> str:
    """What is written in capitals throughout, as a title: SUISUN CITY → Suisun City."""
    text = one_line(value)
    return _CAPITAL_S.sub("'s", text.title()) if text.isupper() else text


def postal_code(value: str) -> str | None:
    """A ZIP code as text, with the leading zeros that spreadsheets lose."""
    return (value.zfill(5) if value.isdecimal() else one_line(value)) or None


def concept(value: str) -> str | None:
    """A SNOMED CT term without its semantic tag: Prenatal visit (procedure) → Prenatal visit."""
    return _SEMANTIC_TAG.sub("", one_line(value)) or None
