"""Revocation (RFC 7009): an access token alone, or with a refresh token all of its family."""

from typing import TYPE_CHECKING

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from sqlalchemy.dialects.postgresql import insert

from auth.oauth.authorization_code import PUBLIC_TOO
from auth.oauth.bridge import OAuthRequest
from auth.oauth.clients import Client
from auth.oauth.families import revoke_families
from auth.oauth.issued import AccessToken, KnownRefreshToken, find
from models.oauth import FamilyEnd, RevokedToken, TokenFamily

if TYPE_CHECKING:
    from auth.oauth.server import Server


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """What is unknown counts as revoked already; the hint is not needed, and a wrong one does no harm."""

    CLIENT_AUTH_METHODS = PUBLIC_TOO
    server: "Server"

    def check_params(self, request: OAuthRequest, client: Client) -> None:  # noqa: ARG002
        if "token" not in request.form:
            raise InvalidRequestError("Missing 'token' in request.")

    def query_token(self, token_string: str, _hint: str | None) -> AccessToken | KnownRefreshToken | None:
        return find(self.server.session, self.server.configuration, token_string, self.server.now)

    def revoke_token(self, token: AccessToken | KnownRefreshToken, request: OAuthRequest) -> None:  # noqa: ARG002
        session, now = self.server.session, self.server.now
        if isinstance(token, KnownRefreshToken):
            revoke_families(session, TokenFamily.id == token.family.id, FamilyEnd.REVOKED_BY_CLIENT, now)
            return
        row = {"jti": token.claims.jti, "expires_at": token.claims.expires_at, "revoked_at": now}
        session.execute(insert(RevokedToken).values(row).on_conflict_do_nothing())
