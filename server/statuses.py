"""The HTTP status of a GraphQL answer, in both profiles."""

from typing import Any

from server.graphql_request import JSON
from server.unavailable import TIMEOUT, UNAVAILABLE
from server.wire import HttpProfile

OF_CODE = {
    UNAVAILABLE: 503,
    TIMEOUT: 504,
    # Apollo's clients send the document as soon as they read this; with another status they would give up.
    "PERSISTED_QUERY_NOT_FOUND": 200,
    "PERSISTED_QUERY_NOT_SUPPORTED": 200,
}


def status_of(body: dict[str, Any], media_type: bytes, profile: HttpProfile) -> int:
    """What is away or too slow shows in either media type; all else is 200 in application/json, as ever."""
    if "errors" not in body:
        return 200
    for error in body["errors"]:
        if (status := OF_CODE.get(error.get("extensions", {}).get("code"))) is not None:
            return status
    if media_type == JSON:
        return 200
    if "data" in body:
        return 294 if profile is HttpProfile.DRAFT_2026_08 else 200
    if profile is HttpProfile.AUDITED or body["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED":
        return 400
    return 422
