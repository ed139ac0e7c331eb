"""What programs talk to: tokens, revocation, introspection, keys, metadata."""

from collections.abc import Callable

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.oauth import server as core
from auth.oauth.bridge import Answer, OAuthRequest
from auth.oauth.keys import current_signer, published_keys
from auth.oauth.metadata import resource_metadata, server_metadata
from server.oauth.edge import Edge
from server.oauth.forms import read_pairs

OPEN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}


class Endpoints:
    """The endpoints of one edge."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def routes(self) -> list[Route]:
        at = core.Paths()
        return [
            Route(at.token, self.token, methods=["POST"]),
            Route(at.revoke, self.revoke, methods=["POST"]),
            Route(at.introspect, self.introspect, methods=["POST"]),
            Route(at.jwks, self.jwks, methods=["GET"]),
            Route("/.well-known/oauth-authorization-server", self.metadata, methods=["GET"]),
            Route("/.well-known/openid-configuration", self.metadata, methods=["GET"]),
            Route("/.well-known/oauth-protected-resource", self.resource, methods=["GET"]),
        ]

    async def token(self, request: Request) -> Response:
        return await self._answered(request, core.Server.token)

    async def revoke(self, request: Request) -> Response:
        return await self._answered(request, core.Server.revocation)

    async def introspect(self, request: Request) -> Response:
        return await self._answered(request, core.Server.introspection)

    async def jwks(self, _request: Request) -> Response:
        def keys(session: Session) -> list[dict[str, str]]:
            now = self._edge.now()
            current_signer(session, self._edge.configuration, now)  # so that there is one from the first moment on
            return published_keys(session, now)

        async with self._edge.sessions.begin() as session:
            return JSONResponse({"keys": await session.run_sync(keys)}, headers=OPEN)

    async def metadata(self, _request: Request) -> Response:
        return JSONResponse(server_metadata(self._edge.configuration), headers=OPEN)

    async def resource(self, _request: Request) -> Response:
        return JSONResponse(resource_metadata(self._edge.configuration), headers=OPEN)

    async def _answered(self, request: Request, endpoint: Callable[[core.Server, OAuthRequest], Answer]) -> Response:
        """Refusals are committed too: they may have revoked something."""
        no_store = dict(core.NO_STORE)
        try:
            pairs = await read_pairs(request)
        except HTTPException as refused:
            said = {"error": "invalid_request", "error_description": refused.detail}
            return JSONResponse(said, 413 if refused.status_code == 413 else 400, no_store)
        asked = OAuthRequest("POST", pairs, request.headers.get("authorization"))

        def answer(session: Session) -> Answer:
            return endpoint(core.Server(session, self._edge.configuration, self._edge.now()), asked)

        async with self._edge.sessions.begin() as session:
            answered = await session.run_sync(answer)
        headers = {name: value for name, value in answered.headers if name != "Content-Type"}
        return JSONResponse(answered.body or {}, answered.status, headers)
