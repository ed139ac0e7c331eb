"""The refresh token grant: each token is good once, and using one again ends its family."""

from typing import TYPE_CHECKING

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidScopeError, grants
from sqlalchemy import select, update

from auth.oauth import families
from auth.oauth.authorization_code import PUBLIC_TOO, FamilyTokens
from auth.oauth.clients import Client
from auth.oauth.families import Holder
from auth.oauth.secret import digest
from models.oauth import FamilyEnd, RefreshToken, TokenFamily

if TYPE_CHECKING:
    from auth.oauth.server import Server


class LiveToken:
    """A refresh token that may be used, as authlib asks it. Its family is locked."""

    def __init__(self, token_hash: bytes, family: TokenFamily) -> None:
        self.token_hash = token_hash
        self.family = family

    def check_client(self, client: Client) -> bool:
        return self.family.client_id == client.id

    def get_scope(self) -> str:
        return " ".join(self.family.scopes)


def lock_family(server: "Server", token: str) -> tuple[RefreshToken, TokenFamily] | None:
    """A refresh token and its family, which is locked first: of two who use one at once, one waits and is second."""
    family_id = select(RefreshToken.family_id).where(RefreshToken.token_hash == digest(token)).scalar_subquery()
    locked = select(TokenFamily).where(TokenFamily.id == family_id).with_for_update()
    family = server.session.scalars(locked).one_or_none()
    if family is None:
        return None
    return server.session.get_one(RefreshToken, digest(token)), family


class RefreshTokenGrant(FamilyTokens, grants.RefreshTokenGrant):  # type: ignore[misc]
    """Every use gives a new refresh token, with the family's scopes; the access token may be asked with fewer."""

    TOKEN_ENDPOINT_AUTH_METHODS = PUBLIC_TOO
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> LiveToken | None:
        found = lock_family(self.server, refresh_token)
        if found is None:
            return None
        token, family = found
        if family.client_id != self.request.client.id or family.revoked_at is not None:
            return None
        if token.used_at is not None:
            which = TokenFamily.id == family.id
            families.revoke_families(self.server.session, which, FamilyEnd.REFRESH_TOKEN_REUSED, self.server.now)
            return None
        return LiveToken(token.token_hash, family) if token.expires_at > self.server.now else None

    def authenticate_user(self, refresh_token: LiveToken) -> Holder:
        user = families.holder(self.server.session, refresh_token.family.user_id)
        if user is None:
            raise InvalidGrantError("There is no 'user' for this token.")
        return user

    def issue_token(self, user: Holder, refresh_token: LiveToken) -> dict[str, object]:
        family, asked = refresh_token.family, self.request.payload.scope
        scopes = frozenset(asked.split() if asked else family.scopes) & user.scopes
        if not scopes:
            raise InvalidScopeError
        used = update(RefreshToken).where(RefreshToken.token_hash == refresh_token.token_hash)
        self.server.session.execute(used.values(used_at=self.server.now))
        return self.answer(family, user, scopes, refreshes=True)

    def revoke_old_credential(self, refresh_token: LiveToken) -> None:
        """It was marked as used before the new one was written."""
