"""The authorization code grant, with PKCE by S256 and nothing less."""

from typing import TYPE_CHECKING

from authlib.oauth2.rfc6749 import InvalidRequestError, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from sqlalchemy import select

from auth import scopes as scope_table
from auth.oauth import families
from auth.oauth.bridge import OAuthRequest
from auth.oauth.clients import Client
from auth.oauth.families import Holder
from auth.oauth.keys import current_signer
from auth.oauth.minting import mint_access_token, mint_id_token
from auth.oauth.secret import digest, new_token
from models.oauth import AuthorizationCode, BrowserSession, FamilyEnd, TokenFamily

if TYPE_CHECKING:
    from auth.oauth.server import Server

PUBLIC_TOO = ["client_secret_basic", "client_secret_post", "none"]


class S256Only(CodeChallenge):  # type: ignore[misc]
    """PKCE for every client. authlib's own lets `plain` pass, and a request without any challenge."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"

    def validate_code_challenge(self, grant: "AuthorizationCodeGrant", redirect_uri: str) -> None:
        if "code_challenge" not in grant.request.payload.data:
            raise InvalidRequestError("Missing 'code_challenge': PKCE is required.")
        if grant.request.payload.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The 'code_challenge_method' must be S256.")
        super().validate_code_challenge(grant, redirect_uri)
        if len(grant.request.payload.data["code_challenge"]) != 43:
            raise InvalidRequestError("Invalid 'code_challenge'")

    def get_authorization_code_challenge_method(self, authorization_code: object) -> str:  # noqa: ARG002
        return "S256"


class FamilyTokens:
    """How both grants of a family answer: an access token, a refresh token if the client may refresh, an id token."""

    server: "Server"
    request: OAuthRequest

    def answer(
        self, family: TokenFamily, user: Holder, scopes: frozenset[str], *, refreshes: bool, nonce: str | None = None
    ) -> dict[str, object]:
        session, configuration, now = self.server.session, self.server.configuration, self.server.now
        signer = current_signer(session, configuration, now)
        grant = families.grant_of(family, scopes)
        minted = mint_access_token(signer, configuration, grant, now)
        family.tokens_until = max(family.tokens_until, minted.expires_at)
        token: dict[str, object] = {
            "token_type": "Bearer",
            "access_token": minted.token,
            "expires_in": int(configuration.access_lifetime.total_seconds()),
            "scope": scope_table.written(scopes),
        }
        if refreshes:
            token["refresh_token"] = families.add_refresh_token(session, configuration, family, now)
        if scope_table.Scope.OPENID in scopes:
            token["id_token"] = mint_id_token(
                signer, configuration, grant, user.person, now, nonce=nonce, access_token=minted.token
            )
        return token


class IssuedCode:
    """A code that is being redeemed, as authlib asks it."""

    def __init__(self, row: AuthorizationCode) -> None:
        self.row = row
        self.code_challenge = row.code_challenge

    def get_redirect_uri(self) -> str | None:
        return self.row.redirect_uri

    def get_scope(self) -> str:
        return " ".join(self.row.scopes)


class AuthorizationCodeGrant(FamilyTokens, grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """A code is good once and for a minute. Redeemed again, all that it led to is revoked."""

    TOKEN_ENDPOINT_AUTH_METHODS = PUBLIC_TOO

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuthRequest, client: Client) -> str:
        """authlib's own puts the address into the message, and fails over characters that a message cannot have."""
        given = request.payload.redirect_uri
        redirect_uri = given or client.get_default_redirect_uri()
        if redirect_uri is None or (given and not client.check_redirect_uri(given)):
            raise InvalidRequestError("The redirect URI is not one that is registered for the client.")
        return str(redirect_uri)

    def generate_authorization_code(self) -> str:
        return new_token()

    def save_authorization_code(self, code: str, request: OAuthRequest) -> None:
        browser: BrowserSession = request.user
        lifetime = self.server.configuration.code_lifetime
        self.server.session.add(
            AuthorizationCode(
                code_hash=digest(code),
                client_id=request.client.id,
                user_id=browser.user_id,
                session_id=browser.id,
                redirect_uri=request.payload.redirect_uri,
                scopes=request.scope.split(),
                code_challenge=request.payload.data["code_challenge"],
                nonce=request.payload.data.get("nonce"),
                auth_time=browser.auth_time,
                amr=browser.amr,
                expires_at=self.server.now + lifetime,
            )
        )

    def query_authorization_code(self, code: str, client: Client) -> IssuedCode | None:
        """The code, locked until the end of the transaction: of two who redeem it at once, one waits and is second."""
        found = select(AuthorizationCode).where(AuthorizationCode.code_hash == digest(code)).with_for_update()
        row = self.server.session.scalars(found).one_or_none()
        if row is None or row.client_id != client.id:
            return None
        if row.used_at is not None:
            which = TokenFamily.id == row.family_id
            families.revoke_families(self.server.session, which, FamilyEnd.CODE_REUSED, self.server.now)
            return None
        return IssuedCode(row) if row.expires_at > self.server.now else None

    def authenticate_user(self, authorization_code: IssuedCode) -> Holder | None:
        """The user, if she is still active and has not signed out meanwhile. The session stays as it is until then."""
        row = authorization_code.row
        living = select(BrowserSession.id).where(BrowserSession.id == row.session_id, BrowserSession.ended_at.is_(None))
        if self.server.session.scalar(living.with_for_update(read=True)) is None:
            return None
        return families.holder(self.server.session, row.user_id)

    def generate_token(self, user: Holder, **_asked: object) -> dict[str, object]:
        code: AuthorizationCode = self.request.authorization_code.row
        family = families.begin_family(self.server.session, self.server.configuration, code, self.server.now)
        code.used_at, code.family_id = self.server.now, family.id
        scopes = frozenset(code.scopes) & user.scopes
        refreshes = self.request.client.check_grant_type("refresh_token")
        return self.answer(family, user, scopes, refreshes=refreshes, nonce=code.nonce)

    def delete_authorization_code(self, authorization_code: IssuedCode) -> None:
        """It stays, marked as used, so that using it again is noticed."""
