"""The userinfo endpoint (OpenID Connect Core, 5.3): who the user of a token is, as she is now."""

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.oauth.families import holder
from auth.oauth.issued import AccessToken, find
from auth.oauth.server import Paths
from auth.scopes import Scope
from auth.tokens import InvalidToken
from server.oauth.edge import Edge

HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}


class NotForThis(InvalidToken):
    """A good token that does not say who somebody is."""

    error = "insufficient_scope"
    status = 403


class UserinfoEndpoint:
    """Answers with what the token's scopes let see: her id, her name and roles, her address."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def routes(self) -> list[Route]:
        return [Route(Paths().userinfo, self.userinfo, methods=["GET", "POST"])]

    async def userinfo(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return JSONResponse({"error": "invalid_request"}, 401, HEADERS | {"WWW-Authenticate": "Bearer"})
        try:
            if scheme.lower() != "bearer":
                raise InvalidToken("a bearer token is needed")
            async with self._edge.sessions() as session:
                said = await session.run_sync(self._claims, token.strip())
        except InvalidToken as invalid:
            body = {"error": invalid.error, "error_description": invalid.description}
            return JSONResponse(body, invalid.status, HEADERS | {"WWW-Authenticate": invalid.challenge()})
        return JSONResponse(said, headers=HEADERS)

    def _claims(self, session: Session, token: str) -> dict[str, object]:
        found = find(session, self._edge.configuration, token, self._edge.now())
        if not isinstance(found, AccessToken) or found.revoked:
            raise InvalidToken("the token is not good")
        claims = found.claims
        person = holder(session, claims.user_id) if claims.user_id is not None else None
        if person is None or Scope.OPENID not in claims.scopes:
            raise NotForThis("this needs a user's token with the scope openid")
        said: dict[str, object] = {"sub": claims.subject}
        if Scope.PROFILE in claims.scopes:
            said |= {"name": person.person.name, "roles": [role.value for role in person.roles]}
        if Scope.EMAIL in claims.scopes:
            said |= {"email": person.person.email, "email_verified": person.person.email_verified}
        return said
