"""Introspection (RFC 7662): what a token says, to those whom it concerns; `active: false` and no more to all others."""

from typing import TYPE_CHECKING

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from auth import scopes as scope_table
from auth.oauth.bridge import OAuthRequest
from auth.oauth.clients import Client
from auth.oauth.issued import AccessToken, KnownRefreshToken, find

if TYPE_CHECKING:
    from auth.oauth.server import Server


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """A client with a secret may look at its own tokens, and one that is registered to, at all."""

    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
    server: "Server"

    def check_params(self, request: OAuthRequest, client: Client) -> None:  # noqa: ARG002
        if "token" not in request.form:
            raise InvalidRequestError("Missing 'token' in request.")

    def query_token(self, token_string: str, _hint: str | None) -> AccessToken | KnownRefreshToken | None:
        return find(self.server.session, self.server.configuration, token_string, self.server.now)

    def check_permission(
        self,
        token: AccessToken | KnownRefreshToken,
        client: Client,
        request: OAuthRequest,  # noqa: ARG002
    ) -> bool:
        return client.may_introspect or token.check_client(client)

    def create_introspection_payload(self, token: AccessToken | KnownRefreshToken | None) -> dict[str, object]:
        if isinstance(token, AccessToken) and not token.revoked:
            return self._access(token)
        if isinstance(token, KnownRefreshToken) and token.usable:
            return self._refresh(token)
        return {"active": False}

    def _access(self, token: AccessToken) -> dict[str, object]:
        claims = token.claims
        said: dict[str, object] = {
            "active": True,
            "token_type": "Bearer",
            "iss": claims.issuer,
            "aud": self.server.configuration.resource,
            "sub": claims.subject,
            "client_id": claims.client_id,
            "scope": scope_table.written(claims.scopes),
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "jti": claims.jti,
        }
        if claims.auth_time is not None:
            said |= {"auth_time": int(claims.auth_time.timestamp()), "amr": list(claims.amr)}
        return said

    def _refresh(self, token: KnownRefreshToken) -> dict[str, object]:
        return {
            "active": True,
            "token_type": "refresh_token",
            "iss": self.server.configuration.issuer,
            "sub": str(token.family.user_id),
            "client_id": token.family.client_id,
            "scope": " ".join(token.family.scopes),
            "iat": int(token.row.created_at.timestamp()),
            "exp": int(token.row.expires_at.timestamp()),
        }
