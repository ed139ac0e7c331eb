"""The authorization server of one request: authlib's core over one session, at one instant.

Every refusal is an answer, so whoever carries HTTP commits whatever comes back: a reused code or refresh token is
refused, and the revocation that it causes must stay.
"""

from dataclasses import dataclass
from datetime import datetime

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    UnsupportedGrantTypeError,
)
from sqlalchemy.orm import Session

from auth import scopes as scope_table
from auth.oauth.authorization_code import AuthorizationCodeGrant, S256Only
from auth.oauth.bridge import Answer, OAuthRequest
from auth.oauth.client_credentials import ClientCredentialsGrant
from auth.oauth.clients import Client, find_client
from auth.oauth.configuration import Configuration
from auth.oauth.introspection import Introspection
from auth.oauth.refresh_token import RefreshTokenGrant
from auth.oauth.revocation import Revocation

NO_STORE = [("Cache-Control", "no-store"), ("Pragma", "no-cache")]


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]
    """A resource that we do not serve (RFC 8707)."""

    error = "invalid_target"


@dataclass(frozen=True)
class Paths:
    """Where things are, below the issuer."""

    authorize: str = "/oauth/authorize"
    token: str = "/oauth/token"  # noqa: S105
    revoke: str = "/oauth/revoke"
    introspect: str = "/oauth/introspect"
    jwks: str = "/oauth/jwks"
    userinfo: str = "/oauth/userinfo"


class Server(AuthorizationServer):  # type: ignore[misc]
    """Authorization code with PKCE, client credentials, refresh; revocation and introspection."""

    def __init__(self, session: Session, configuration: Configuration, now: datetime) -> None:
        super().__init__()
        self.session = session
        self.configuration = configuration
        self.now = now
        self.register_grant(AuthorizationCodeGrant, [S256Only()])
        self.register_grant(RefreshTokenGrant)
        self.register_grant(ClientCredentialsGrant)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    # what a carrier calls

    def token(self, request: OAuthRequest) -> Answer:
        """Answers the token endpoint."""
        try:
            self._check_form(request)
            if request.payload.grant_type is None:
                raise InvalidRequestError("Missing 'grant_type' in request.")
            if request.payload.grant_type not in {grant.GRANT_TYPE for grant, _ in self._token_grants}:
                raise UnsupportedGrantTypeError("this")
            check_resource(request, self.configuration)
        except OAuth2Error as error:
            return self._answer(self.handle_error_response(request, error))
        return self._answer(self.create_token_response(request))

    def revocation(self, request: OAuthRequest) -> Answer:
        """Answers the revocation endpoint (RFC 7009)."""
        return self._endpoint("revocation", request)

    def introspection(self, request: OAuthRequest) -> Answer:
        """Answers the introspection endpoint (RFC 7662)."""
        return self._endpoint("introspection", request)

    def _endpoint(self, name: str, request: OAuthRequest) -> Answer:
        try:
            self._check_form(request)
        except OAuth2Error as error:
            return self._answer(self.handle_error_response(request, error))
        return self._answer(self.create_endpoint_response(name, request))

    @staticmethod
    def _check_form(request: OAuthRequest) -> None:
        if repeated := request.repeated():
            raise InvalidRequestError(f"More than one '{repeated[0]}' in request." if repeated[0].isalnum() else None)
        if "Authorization" in request.headers and request.form.get("client_secret"):
            raise InvalidRequestError("The client authenticates in two ways at once.")

    @staticmethod
    def _answer(answer: Answer) -> Answer:
        kept = [(name, value) for name, value in answer.headers if name not in ("Cache-Control", "Pragma")]
        return Answer(answer.status, answer.body, [*kept, *NO_STORE])

    # what authlib asks

    def query_client(self, client_id: str) -> Client | None:
        return find_client(self.session, client_id)

    def authenticate_client(self, request: OAuthRequest, methods: list[str], endpoint: str = "token") -> Client:
        """The client that the request proves to be from. Who fails is told the same, whatever was wrong."""
        try:
            client: Client = super().authenticate_client(request, methods, endpoint)
        except (InvalidClientError, ValueError):  # authlib lets a header that is not UTF-8 through as ValueError
            raise InvalidClientError("The client could not be authenticated.", status_code=401) from None
        given = request.form.get("client_id")
        if given is not None and given != client.id:
            raise InvalidClientError("The client could not be authenticated.", status_code=401)
        return client

    def validate_requested_scope(self, scope: str | None) -> None:
        try:
            scope_table.known(scope)
        except ValueError:
            raise InvalidScopeError from None

    def save_token(self, token: dict[str, object], request: OAuthRequest) -> None:
        """Nothing is left to do: what is kept of a token was written when it was made."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: OAuthRequest) -> OAuthRequest:
        return request

    def handle_response(
        self, status: int, body: dict[str, object] | str | None, headers: list[tuple[str, str]]
    ) -> Answer:
        return Answer(status, body if isinstance(body, dict) else None, list(headers))


def check_resource(request: OAuthRequest, configuration: Configuration) -> None:
    """Raises InvalidTargetError unless each `resource` is this server (RFC 8707)."""
    ours = (configuration.resource, configuration.resource + "/")
    if any(resource not in ours for resource in request.all("resource")):
        raise InvalidTargetError("The resource is not served here.")
