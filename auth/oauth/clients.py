"""Registered clients: what authlib asks them, and how they are registered."""

import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from auth import scopes as scope_table
from auth.oauth.configuration import is_loopback
from auth.oauth.secret import digest, new_token
from models.oauth import OAuthClient

ANY_PORT = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::\d{1,5})?(/.*)?")
ID = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")


class GrantType(StrEnum):
    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105
    CLIENT_CREDENTIALS = "client_credentials"


class RegistrationRefused(Exception):
    """A client that cannot be registered so; the message says why."""


@dataclass(frozen=True)
class NewClient:
    """A client that was just registered. The secret is not kept anywhere: this is the only time it is seen."""

    client_id: str
    client_secret: str | None


class Client(ClientMixin):  # type: ignore[misc]
    """A registered client, as authlib asks it."""

    def __init__(self, row: OAuthClient) -> None:
        self.id = row.id
        self.name = row.name
        self.scopes = frozenset(row.scopes)
        self.is_public = row.secret_hash is None
        self.may_introspect = row.may_introspect
        self._row = row

    def get_client_id(self) -> str:
        return self.id

    def get_default_redirect_uri(self) -> str | None:
        uris = self._row.redirect_uris
        return uris[0] if len(uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str:
        """What was asked, as far as it is registered; everything registered when nothing was asked."""
        return scope_table.written(self.scopes & set(scope.split()) if scope else self.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Character for character; except that a program on the user's own machine takes any free port (RFC 8252)."""
        if redirect_uri in self._row.redirect_uris:
            return True
        asked = ANY_PORT.fullmatch(redirect_uri)
        return (
            self.is_public
            and asked is not None
            and any(
                (one := ANY_PORT.fullmatch(known)) is not None and one.groups() == asked.groups()
                for known in self._row.redirect_uris
            )
        )

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(self._row.secret_hash or b"", digest(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """A client with a secret shows it, whichever way; one without may not look at tokens."""
        if self.is_public:
            return method == "none" and endpoint != "introspection"
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type(GrantType.AUTHORIZATION_CODE)

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self._row.grant_types


def find_client(session: Session, client_id: str) -> Client | None:
    """A client that is registered and not disabled."""
    row = session.get(OAuthClient, client_id) if "\0" not in client_id else None
    return Client(row) if row is not None and row.disabled_at is None else None


def create_client(
    session: Session,
    *,
    name: str,
    public: bool = False,
    redirect_uris: Sequence[str] = (),
    grant_types: Iterable[str] = (),
    scopes: str = "",
    may_introspect: bool = False,
    client_id: str | None = None,
) -> NewClient:
    """Registers a client; grant types default to what the redirect URIs make of it. Raises RegistrationRefused."""
    interactive = (GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN)
    try:
        kinds = {GrantType(kind) for kind in grant_types} or (
            set(interactive) if redirect_uris else {GrantType.CLIENT_CREDENTIALS}
        )
        allowed = scope_table.known(scopes)
    except ValueError as error:
        raise RegistrationRefused(str(error)) from None
    if public and GrantType.CLIENT_CREDENTIALS in kinds:
        raise RegistrationRefused("a public client has no credentials of its own to be trusted by")
    if public and may_introspect:
        raise RegistrationRefused("a public client may not look at tokens")
    if bool(redirect_uris) is not (GrantType.AUTHORIZATION_CODE in kinds):
        raise RegistrationRefused("redirect URIs are for the authorization code grant, and it needs one")
    for uri in redirect_uris:
        check_redirect_uri(uri)
    if client_id is not None and not ID.fullmatch(client_id):
        raise RegistrationRefused("a client's id begins with a letter: letters, digits, '.', '_' and '-', at most 64")
    if client_id is not None and session.get(OAuthClient, client_id) is not None:
        raise RegistrationRefused(f"there is a client {client_id} already")
    secret = None if public else new_token()
    row = OAuthClient(
        id=client_id or f"client-{secrets.token_hex(8)}",
        name=name,
        secret_hash=digest(secret) if secret else None,
        redirect_uris=list(redirect_uris),
        grant_types=sorted(kinds),
        scopes=scope_table.written(allowed).split(),
        may_introspect=may_introspect,
    )
    session.add(row)
    session.flush()
    return NewClient(row.id, secret)


def keep_client(session: Session, client_id: str, name: str, redirect_uris: Sequence[str], scopes: str) -> None:
    """Registers a public client of our own (GraphiQL, say), or brings its registration up to date."""
    for uri in redirect_uris:
        check_redirect_uri(uri)
    row = {
        "name": name,
        "redirect_uris": list(redirect_uris),
        "grant_types": [GrantType.AUTHORIZATION_CODE.value, GrantType.REFRESH_TOKEN.value],
        "scopes": scope_table.written(scope_table.known(scopes)).split(),
    }
    added = insert(OAuthClient).values(id=client_id, **row)
    public = OAuthClient.secret_hash.is_(None)  # never one that an operator has given a secret
    session.execute(added.on_conflict_do_update(index_elements=["id"], set_=row, where=public))


def check_redirect_uri(uri: str) -> None:
    """Raises RegistrationRefused for an address to which no code should be sent."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise RegistrationRefused(f"{uri!r}: {error}") from None
    if not uri.isascii() or not uri.isprintable() or "#" in uri or "\\" in uri or parts.username is not None:
        raise RegistrationRefused(f"{uri!r}: a redirect URI has no fragment, no password and only printable ASCII")
    web = parts.scheme == "https" and bool(parts.hostname)
    local = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not (web or local or PRIVATE_SCHEME.fullmatch(parts.scheme)):
        raise RegistrationRefused(
            f"{uri!r}: a redirect URI is https, http on this machine, or a private scheme that is a reversed domain"
        )
