"""Which answers may be kept by whom: public ones of persisted queries by everybody, all others by nobody."""

import hashlib

from starlette.types import Scope

from server.graphql_request import GraphQLRequest

PUBLIC_SECONDS = 30
PRIVATE = (b"cache-control", b"private, no-store")


def may_be_kept(request: GraphQLRequest, scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Whether an answer without errors is the same for everybody: asked for safely, by name, and by nobody."""
    return (
        request.document_hash is not None
        and scope["method"] in ("GET", "QUERY")
        and b"authorization" not in headers
        and not scope["tells_rate"]
    )


def public_headers(content: bytes) -> tuple[tuple[bytes, bytes], ...]:
    etag = b'"%s"' % hashlib.sha256(content).hexdigest()[:32].encode()
    kept = b"public, max-age=%d" % PUBLIC_SECONDS
    return ((b"cache-control", kept), (b"etag", etag), (b"vary", b"Accept, Authorization"))


def is_known(headers: dict[bytes, bytes], etag: bytes) -> bool:
    """Whether the caller has this answer already."""
    given = headers.get(b"if-none-match", b"")
    return given == b"*" or etag in [each.strip().removeprefix(b"W/") for each in given.split(b",")]
