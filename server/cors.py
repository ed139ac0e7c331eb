"""Which other sites' pages may ask (CORS). They bring bearer tokens: cookies are never theirs to send."""

from collections.abc import Collection, Mapping

from server.security_headers import Header

MAY_SEND = (
    b"authorization, content-type, graphql-require-preflight, apollo-require-preflight, x-request-id, traceparent"
)
MAY_READ = b"x-request-id, ratelimit, ratelimit-policy, retry-after, www-authenticate"
METHODS = b"GET, POST, QUERY"
PREFLIGHT_KEPT = b"7200"
"""Seconds; as long as any browser keeps it."""
VARY: Header = (b"vary", b"Origin")


class Cors:
    """Answers for pages of these exact origins (`https://app.clinic.example`)."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def headers(self, origin: bytes | None, given: Collection[bytes]) -> list[Header]:
        """What to add to an answer whose headers have the names `given`; an answer for everybody stays one."""
        if not self._origins or b"access-control-allow-origin" in given:
            return []
        if origin not in self._origins or origin is None:
            return [VARY]
        return [VARY, (b"access-control-allow-origin", origin), (b"access-control-expose-headers", MAY_READ)]

    def preflight(self, method: str, headers: Mapping[bytes, bytes]) -> list[Header] | None:
        """The answer to a browser that asks whether a page may send something; None for anything else."""
        if method != "OPTIONS" or b"access-control-request-method" not in headers:
            return None
        origin = headers.get(b"origin")
        if origin is None or origin not in self._origins:
            return None
        return [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", MAY_SEND),
            (b"access-control-max-age", PREFLIGHT_KEPT),
        ]
