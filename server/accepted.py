"""In which form a client wants its answer, after `Accept` with its priorities."""

from enum import Enum, auto

from server.graphql_request import EVENT_STREAM, JSON, MULTIPART, RESPONSE_JSON, RequestRefused

OFFERED = {
    RESPONSE_JSON: RESPONSE_JSON,
    JSON: JSON,
    EVENT_STREAM: EVENT_STREAM,
    b"*/*": JSON,
    b"application/*": JSON,
}
IN_ONE_PIECE = (JSON, RESPONSE_JSON)
OLDER = b"deferspec=20220824"
"""The parameter by which Apollo's clients ask for the payloads that they know."""


class Format(Enum):
    """How several payloads of an answer are written.

    CURRENT are the specification's of 2024 (`pending`, `incremental`, `completed`), OLDER its of August 2022.
    """

    CURRENT = auto()
    OLDER = auto()


def answer_type(headers: dict[bytes, bytes]) -> bytes:
    """The media type of an answer in one piece. Raises RequestRefused (406).

    It is MULTIPART only for somebody who takes nothing else.
    """
    accept = headers.get(b"accept")
    if accept is None or accept == b"*/*":
        return JSON
    best, best_rank = JSON, 0.0
    for index, offer in enumerate(accept.lower().split(b",")):
        kind, *parameters = (part.strip() for part in offer.split(b";"))
        chosen = OFFERED.get(kind)
        rank = _quality(parameters) - index / 1_000_000
        if chosen is not None and rank > max(best_rank, 0):
            best, best_rank = chosen, rank
    if best_rank == 0:
        if format_asked(headers) is not None:
            return MULTIPART
        raise RequestRefused(406, "answers are application/graphql-response+json or application/json")
    return best


def format_asked(headers: dict[bytes, bytes]) -> Format | None:
    """How to write an answer in several payloads; None for who does not ask for `multipart/mixed`, or rather has JSON.

    Named side by side they are equal: it is the document that says which one is wanted.
    """
    asked, asked_quality, otherwise = None, 0.0, 0.0
    for offer in headers.get(b"accept", b"").lower().split(b","):
        kind, *parameters = (part.strip() for part in offer.split(b";"))
        quality = _quality(parameters)
        if kind == MULTIPART and quality > asked_quality:
            asked, asked_quality = Format.OLDER if _names_older(parameters) else Format.CURRENT, quality
        elif OFFERED.get(kind) in IN_ONE_PIECE:
            otherwise = max(otherwise, quality)
    return asked if asked_quality >= otherwise else None


def in_payloads(headers: dict[bytes, bytes]) -> bool:
    """Whether what a document leaves for later may follow later."""
    return format_asked(headers) is not None or answer_type(headers) == EVENT_STREAM


def _names_older(parameters: list[bytes]) -> bool:
    return OLDER in [parameter.replace(b" ", b"").replace(b'"', b"") for parameter in parameters]


def _quality(parameters: list[bytes]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
