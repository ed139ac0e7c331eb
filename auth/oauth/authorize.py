"""The authorization endpoint: what has to happen before the browser goes back to the client.

`decide` looks at one request and one browser session and says: show why not, go back to the client (with a code or
an error), sign in first, or ask for consent. Only addresses that are registered for the client are ever gone back to.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from urllib.parse import urlencode

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError, InvalidScopeError, OAuth2Error
from sqlalchemy import ColumnClause, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from auth import scopes as scope_table
from auth.oauth.authorization_code import AuthorizationCodeGrant
from auth.oauth.bridge import OAuthRequest, Pairs
from auth.oauth.clients import Client
from auth.oauth.families import holder
from auth.oauth.server import Server, check_resource
from models.oauth import BrowserSession, Consent

LONGEST = 4_096  # characters of a parameter
NEVER = ("request", "request_uri")


class LoginRequired(OAuth2Error):  # type: ignore[misc]
    error = "login_required"


class ConsentRequired(OAuth2Error):  # type: ignore[misc]
    error = "consent_required"


class NotSupported(OAuth2Error):  # type: ignore[misc]
    """A request object; the error's name says which kind."""


@dataclass(frozen=True)
class Refused:
    """Nothing to go back to: shown to the person."""

    description: str


@dataclass(frozen=True)
class Redirect:
    """Back to the client, with a code or an error."""

    location: str


@dataclass(frozen=True)
class SignInFirst:
    """Then again with `query`, which does not ask for signing in once more. `redirect_uri` is where it will lead."""

    query: str
    redirect_uri: str
    login_hint: str


@dataclass(frozen=True)
class AskConsent:
    """Then again with `query` and the answer."""

    query: str
    redirect_uri: str
    client_name: str
    scopes: tuple[scope_table.Scope, ...]


Outcome: TypeAlias = Refused | Redirect | SignInFirst | AskConsent


def decide(
    session: Session, server: Server, pairs: Pairs, browser: BrowserSession | None, *, allowed: bool | None = None
) -> Outcome:
    """What comes next. `allowed` is the person's answer, if she was just asked."""
    try:
        grant = _checked(server, pairs)
    except OAuth2Error as error:
        return _back(server, error) if error.redirect_uri else Refused(error.get_error_description())
    request: OAuthRequest = grant.request
    try:
        return _next(session, server, grant, browser, pairs, allowed)
    except OAuth2Error as error:
        error.redirect_uri, error.state = grant.redirect_uri, request.payload.state
        return _back(server, error)


def leads_to(server: Server, pairs: Pairs) -> str | None:
    """The registered address to which a request will lead back, if any: forms on the way must be let go there."""
    try:
        return str(_checked(server, pairs).redirect_uri)
    except OAuth2Error as error:
        return str(error.redirect_uri) if error.redirect_uri else None


def _checked(server: Server, pairs: Pairs) -> AuthorizationCodeGrant:
    """The grant of a request whose client, redirect URI, PKCE and scopes are right. Raises OAuth2Error."""
    request = OAuthRequest("GET", pairs)
    if any(len(value) > LONGEST or not value.isprintable() for _, value in pairs):
        raise InvalidRequestError("A parameter is too long or has characters that it cannot have.")
    if request.repeated():
        raise InvalidRequestError("A parameter is given more than once.")
    if request.payload.response_type != "code":
        # authlib's own refusal puts what was sent into the message, and fails over some characters in it
        raise _unsupported_response_type(server, request)
    grant: AuthorizationCodeGrant = server.get_consent_grant(request)
    return grant


def _unsupported_response_type(server: Server, request: OAuthRequest) -> OAuth2Error:
    client_id = request.payload.client_id
    client = server.query_client(client_id) if client_id else None
    if client is None:
        return InvalidRequestError("The client does not exist on this server.")
    redirect_uri = AuthorizationCodeGrant.validate_authorization_redirect_uri(request, client)
    kind = "unsupported_response_type" if request.payload.response_type else "invalid_request"
    return OAuth2Error(
        "The response type must be code.", error=kind, state=request.payload.state, redirect_uri=redirect_uri
    )


def _next(
    session: Session,
    server: Server,
    grant: AuthorizationCodeGrant,
    browser: BrowserSession | None,
    pairs: Pairs,
    allowed: bool | None,
) -> Outcome:
    request: OAuthRequest = grant.request
    _check_parameters(server, request)
    prompts = (request.payload.data.get("prompt") or "").split()
    query = urlencode([(name, value) for name, value in pairs if name not in ("prompt", "max_age")])
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequestError("The prompt 'none' goes with no other.")
    if browser is None or {"login", "select_account"} & set(prompts) or _too_old(request, browser, server.now):
        if "none" in prompts:
            raise LoginRequired("The user has to sign in.")
        again = f"{query}&prompt=consent" if "consent" in prompts else query
        return SignInFirst(again, grant.redirect_uri, request.payload.data.get("login_hint", ""))
    user = holder(session, browser.user_id)
    client: Client = request.client
    scopes = frozenset(request.scope.split()) & (user.scopes if user else frozenset())
    if not scopes:
        raise InvalidScopeError("Nothing that was asked for can be given to this user.")
    if allowed is False:
        raise AccessDeniedError
    if allowed:
        _remember(session, browser.user_id, client.id, scopes, server.now)
    elif "consent" in prompts or not _remembered(session, browser.user_id, client.id, scopes):
        if "none" in prompts:
            raise ConsentRequired("The user has to consent.")
        shown = tuple(scope for scope in scope_table.Scope if scope in scopes)
        return AskConsent(query, grant.redirect_uri, client.name, shown)
    request.scope = scope_table.written(scopes)
    _, _, headers = grant.create_authorization_response(grant.redirect_uri, browser)
    return Redirect(_with_issuer(server, dict(headers)["Location"]))


def _check_parameters(server: Server, request: OAuthRequest) -> None:
    asked = request.payload.data
    for name in NEVER:
        if name in asked:
            raise NotSupported(error=f"{name}_not_supported")
    if asked.get("response_mode", "query") != "query":
        raise InvalidRequestError("The response mode must be query.")
    if not asked.get("max_age", "0").isdecimal() or len(asked.get("max_age", "")) > 9:
        raise InvalidRequestError("The 'max_age' must be a number of seconds.")
    check_resource(request, server.configuration)


def _too_old(request: OAuthRequest, browser: BrowserSession, now: datetime) -> bool:
    """Whether she signed in longer ago than the client accepts."""
    max_age = request.payload.data.get("max_age")
    return max_age is not None and (now - browser.auth_time).total_seconds() >= max(int(max_age), 1)


def _remembered(session: Session, user_id: int, client_id: str, scopes: frozenset[str]) -> bool:
    mine = select(Consent.scopes).where(Consent.user_id == user_id, Consent.client_id == client_id)
    return scopes <= set(session.scalar(mine) or ())


def _remember(session: Session, user_id: int, client_id: str, scopes: frozenset[str], now: datetime) -> None:
    """Adds to what she has allowed the client before."""
    row = insert(Consent).values(user_id=user_id, client_id=client_id, scopes=sorted(scopes), granted_at=now)
    together: ColumnClause[list[str]] = literal_column(
        "ARRAY(SELECT unnest(oauth_consents.scopes) UNION SELECT unnest(excluded.scopes))"
    )
    session.execute(
        row.on_conflict_do_update(index_elements=["user_id", "client_id"], set_={"scopes": together, "granted_at": now})
    )


def _back(server: Server, error: OAuth2Error) -> Redirect:
    """To the client with an error; who we are goes with it (RFC 9207)."""
    parameters = [(name, value) for name, value in error.get_body() if value]
    return Redirect(_with_issuer(server, add_params_to_uri(error.redirect_uri, parameters)))


def _with_issuer(server: Server, location: str) -> str:
    return str(add_params_to_uri(location, [("iss", server.configuration.issuer)]))
