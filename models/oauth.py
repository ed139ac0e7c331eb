"""Clients, tokens, sessions and what proves who signs in.

No secret stands in these tables as it is: what we gave away with much entropy (codes, refresh tokens, links, cookies)
is kept as its SHA-256, what people type as argon2id or a keyed hash, what we must read again is sealed (AES-GCM).
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, event, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Timestamped, one_of

Words = Annotated[list[str], mapped_column(ARRAY(String), server_default=text("'{}'"))]


class FamilyEnd(StrEnum):
    """Why all tokens of one authorization were revoked."""

    CODE_REUSED = "CODE_REUSED"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"  # noqa: S105
    REVOKED_BY_CLIENT = "REVOKED_BY_CLIENT"
    SESSION_ENDED = "SESSION_ENDED"
    CREDENTIALS_CHANGED = "CREDENTIALS_CHANGED"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED"


class LinkPurpose(StrEnum):
    """What a link sent by mail is good for, once."""

    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105
    INVITATION = "INVITATION"
    VERIFY_EMAIL = "VERIFY_EMAIL"


class OAuthClient(Timestamped, Base):
    """An application that may ask for tokens. Without a secret it is public: it can prove itself by PKCE only.

    An id is never a number, so that the subject of a client's own token is never taken for a user's.
    """

    __tablename__ = "oauth_clients"
    __table_args__ = (CheckConstraint("id !~ '^[0-9]+$'", name="id_not_numeric"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret_hash: Mapped[bytes | None]
    redirect_uris: Mapped[Words]
    grant_types: Mapped[Words]
    scopes: Mapped[Words]
    may_introspect: Mapped[bool] = mapped_column(server_default=text("false"))
    disabled_at: Mapped[datetime | None]


class SigningKey(Base):
    """A key pair. It signs from `signs_from` until a newer one does, and is published until `retires_at`."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    public_jwk: Mapped[dict[str, str]] = mapped_column(JSONB)
    sealed_private_key: Mapped[bytes]
    created_at: Mapped[datetime]
    signs_from: Mapped[datetime]
    retires_at: Mapped[datetime | None]


class BrowserSession(Identified, Base):
    """A person signed in to the pages, or, while `awaits_second_step`, one who has given the password only."""

    __tablename__ = "browser_sessions"
    __table_args__ = (Index("browser_sessions_user_idx", "user_id", postgresql_where=text("ended_at IS NULL")),)

    token_hash: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    awaits_second_step: Mapped[bool]
    auth_time: Mapped[datetime]
    amr: Mapped[Words]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    user_agent: Mapped[str]
    address: Mapped[str]


class TokenFamily(Base):
    """All tokens that one authorization by a user has led to; `tokens_until` is when the last access token expires."""

    __tablename__ = "token_families"
    __table_args__ = (
        Index("token_families_user_idx", "user_id", postgresql_where=text("revoked_at IS NULL")),
        Index("token_families_session_idx", "session_id"),
        Index("token_families_revoked_idx", "tokens_until", postgresql_where=text("revoked_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_clients.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("browser_sessions.id", ondelete="SET NULL"))
    scopes: Mapped[Words]
    auth_time: Mapped[datetime]
    amr: Mapped[Words]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tokens_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_because: Mapped[FamilyEnd | None] = mapped_column(one_of(FamilyEnd, "revoked_because"))


class AuthorizationCode(Base):
    """A code, good once; `family_id` is what it was turned into."""

    __tablename__ = "authorization_codes"
    __table_args__ = (Index(None, "expires_at"),)

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_clients.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    session_id: Mapped[int] = mapped_column(ForeignKey("browser_sessions.id", ondelete="CASCADE"))
    redirect_uri: Mapped[str | None]
    scopes: Mapped[Words]
    code_challenge: Mapped[str]
    nonce: Mapped[str | None]
    auth_time: Mapped[datetime]
    amr: Mapped[Words]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    family_id: Mapped[UUID | None] = mapped_column(ForeignKey("token_families.id", ondelete="SET NULL"))


class RefreshToken(Base):
    """A refresh token. A family never has two that are unused, whatever happens at once: the index refuses it."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        Index("refresh_tokens_one_unused_idx", "family_id", unique=True, postgresql_where=text("used_at IS NULL")),
        Index(None, "family_id"),
        Index(None, "expires_at"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    family_id: Mapped[UUID] = mapped_column(ForeignKey("token_families.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RevokedToken(Base):
    """One access token that was revoked before it expired."""

    __tablename__ = "revoked_tokens"
    __table_args__ = (Index(None, "expires_at"),)

    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Consent(Base):
    """What a user has allowed a client to do, so that she is asked once."""

    __tablename__ = "oauth_consents"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_clients.id"), primary_key=True)
    scopes: Mapped[Words]
    granted_at: Mapped[datetime]


class TotpCredential(Base):
    """A user's authenticator app. `last_step` is the newest 30-second step used, so that a code is good once."""

    __tablename__ = "totp_credentials"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    sealed_secret: Mapped[bytes]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(server_default="0")


class RecoveryCode(Base):
    """Stands in for the authenticator app, once."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


class OneTimeLink(Base):
    """A link that was sent to a user's address."""

    __tablename__ = "one_time_links"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    purpose: Mapped[LinkPurpose] = mapped_column(one_of(LinkPurpose, "purpose"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInAttempt(Identified, Base):
    """An attempt under way or failed; one that succeeds is taken out. The account is a keyed hash of what was typed."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index(None, "account", "attempted_at"), Index(None, "address", "attempted_at"))

    account: Mapped[bytes]
    address: Mapped[str]
    attempted_at: Mapped[datetime]


FUNCTION = """
CREATE FUNCTION tell_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  CASE TG_TABLE_NAME
    WHEN 'token_families' THEN
      PERFORM pg_notify('revocations', 'family ' || NEW.id || ' ' || ceil(extract(epoch FROM NEW.tokens_until)));
    WHEN 'revoked_tokens' THEN
      PERFORM pg_notify('revocations', 'token ' || NEW.jti || ' ' || ceil(extract(epoch FROM NEW.expires_at)));
    WHEN 'oauth_clients' THEN
      PERFORM pg_notify('revocations', CASE WHEN NEW.disabled_at IS NULL THEN '-' ELSE '' END || 'client ' || NEW.id);
    WHEN 'users' THEN
      PERFORM pg_notify('revocations', CASE WHEN NEW.status = 'SUSPENDED' THEN '' ELSE '-' END || 'user ' || NEW.id);
  END CASE;
  RETURN NULL;
END $$
"""
TRIGGERS = (
    """
CREATE TRIGGER token_families_tell AFTER UPDATE OF revoked_at ON token_families
  FOR EACH ROW WHEN (NEW.revoked_at IS NOT NULL) EXECUTE FUNCTION tell_revocation()
""",
    """
CREATE TRIGGER revoked_tokens_tell AFTER INSERT ON revoked_tokens
  FOR EACH ROW EXECUTE FUNCTION tell_revocation()
""",
    """
CREATE TRIGGER oauth_clients_tell AFTER UPDATE OF disabled_at ON oauth_clients
  FOR EACH ROW EXECUTE FUNCTION tell_revocation()
""",
    """
CREATE TRIGGER users_tell AFTER UPDATE OF status, email ON users
  FOR EACH ROW WHEN ((OLD.status, OLD.email) IS DISTINCT FROM (NEW.status, NEW.email))
  EXECUTE FUNCTION tell_revocation()
""",
)

# What makes a viewer of a user: her roles, where she works, her profiles. When many rows come at once (an import,
# demo data), one word for all of them.
TELL_CHANGE = (
    """
CREATE FUNCTION tell_viewer_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('revocations', 'changed ' || OLD.user_id);
  IF TG_OP = 'UPDATE' THEN
    PERFORM pg_notify('revocations', 'changed ' || NEW.user_id);
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION tell_viewers_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) > 100 FROM added) THEN
    PERFORM pg_notify('revocations', 'changed');
  ELSE
    PERFORM pg_notify('revocations', 'changed ' || user_id) FROM added;
  END IF;
  RETURN NULL;
END $$
""",
)
MAKING_VIEWERS = {
    "user_roles": "user_id, role",
    "staff": "user_id, clinic_id, role, ended_at",
    "doctors": "user_id",
    "patients": "user_id",
}
CHANGE_TRIGGERS = tuple(
    statement
    for table, columns in MAKING_VIEWERS.items()
    for statement in (
        f"""
CREATE TRIGGER {table}_tell_added AFTER INSERT ON {table} REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION tell_viewers_added()
""",
        f"""
CREATE TRIGGER {table}_tell_changed AFTER UPDATE OF {columns} OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION tell_viewer_change()
""",
    )
)

for statement in (FUNCTION, *TRIGGERS, *TELL_CHANGE, *CHANGE_TRIGGERS):
    event.listen(Base.metadata, "after_create", DDL(statement))  # type: ignore[no-untyped-call]
