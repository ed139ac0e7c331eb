"""The client credentials grant: a service on its own behalf, without a user."""

from typing import TYPE_CHECKING

from authlib.oauth2.rfc6749 import InvalidScopeError, grants

from auth import scopes as scope_table
from auth.oauth.bridge import OAuthRequest
from auth.oauth.clients import Client
from auth.oauth.keys import current_signer
from auth.oauth.minting import Grant, mint_access_token

if TYPE_CHECKING:
    from auth.oauth.server import Server


class ClientCredentialsGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """Only what the client is registered for; all of it when nothing is asked; never a refresh token."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
    server: "Server"
    request: OAuthRequest

    def generate_token(self, scope: str | None = None, **_asked: object) -> dict[str, object]:
        client: Client = self.request.client
        scopes = (frozenset(scope.split()) if scope else client.scopes) - scope_table.IDENTITY
        if not scopes <= client.scopes or not scopes:
            raise InvalidScopeError
        configuration, now = self.server.configuration, self.server.now
        signer = current_signer(self.server.session, configuration, now)
        minted = mint_access_token(signer, configuration, Grant(client.id, scopes), now)
        return {
            "token_type": "Bearer",
            "access_token": minted.token,
            "expires_in": int(configuration.access_lifetime.total_seconds()),
            "scope": scope_table.written(scopes),
        }
