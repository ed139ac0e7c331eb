"""Who sent a request: the bearer token of its Authorization header (RFC 6750)."""

from starlette.types import Scope

from auth.tokens import CannotVerify, InvalidToken
from auth.viewer import ANONYMOUS, Viewer
from auth.viewers import Viewers
from server.graphql_request import RequestRefused


class Bearer:
    """Gives the viewer of each request. `metadata_url` says where tokens are had (RFC 9728)."""

    def __init__(self, viewers: Viewers, metadata_url: str) -> None:
        self.viewers = viewers
        self._metadata_url = metadata_url

    async def __call__(self, scope: Scope) -> Viewer:
        """Nobody without a header. Raises RequestRefused: 401 for what is no good token, 503 if nobody can say."""
        header: bytes | None = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                header = value if header is None else b""
        if header is None:
            return ANONYMOUS
        try:
            return await self.viewers.of(token_in(header))
        except CannotVerify as unknown:
            raise RequestRefused(503, unknown.description, (b"retry-after", b"1"), code="SERVICE_UNAVAILABLE") from None
        except InvalidToken as invalid:
            challenge = invalid.challenge(self._metadata_url).encode("latin-1")
            raise RequestRefused(
                401, invalid.description, (b"www-authenticate", challenge), code="UNAUTHENTICATED"
            ) from None


def token_in(header: bytes) -> str:
    """The token of an Authorization header. Raises InvalidToken for one that is something else."""
    scheme, _, token = header.partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip():
        raise InvalidToken("the Authorization header must be one, and say Bearer and a token")
    return token.strip().decode("latin-1")
