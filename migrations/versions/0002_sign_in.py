"""Sign-in: clients, tokens, sessions, and what proves who signs in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


TRIGGERS = (
    """
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
""",
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


def upgrade() -> None:
    op.create_table(
        "oauth_clients",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("redirect_uris", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("grant_types", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("may_introspect", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id !~ '^[0-9]+$'", name=op.f("oauth_clients_id_not_numeric")),
        sa.PrimaryKeyConstraint("id", name=op.f("oauth_clients_pkey")),
    )
    op.create_table(
        "revoked_tokens",
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("revoked_tokens_pkey")),
    )
    op.create_index(op.f("revoked_tokens_expires_at_idx"), "revoked_tokens", ["expires_at"], unique=False)
    op.create_table(
        "sign_in_attempts",
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_in_attempts_pkey")),
    )
    op.create_index(
        op.f("sign_in_attempts_account_attempted_at_idx"), "sign_in_attempts", ["account", "attempted_at"], unique=False
    )
    op.create_index(
        op.f("sign_in_attempts_address_attempted_at_idx"), "sign_in_attempts", ["address", "attempted_at"], unique=False
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signs_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("signing_keys_pkey")),
    )
    op.create_table(
        "browser_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("awaits_second_step", sa.Boolean(), nullable=False),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amr", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("browser_sessions_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("browser_sessions_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("browser_sessions_token_hash_key")),
    )
    op.create_index(
        "browser_sessions_user_idx",
        "browser_sessions",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "oauth_consents",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["oauth_clients.id"], name=op.f("oauth_consents_client_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("oauth_consents_user_id_fkey")),
        sa.PrimaryKeyConstraint("user_id", "client_id", name=op.f("oauth_consents_pkey")),
    )
    op.create_table(
        "one_time_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "RESET_PASSWORD",
                "INVITATION",
                "VERIFY_EMAIL",
                name="purpose_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("one_time_links_user_id_fkey")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("one_time_links_pkey")),
    )
    op.create_index(op.f("one_time_links_expires_at_idx"), "one_time_links", ["expires_at"], unique=False)
    op.create_index(op.f("one_time_links_user_id_idx"), "one_time_links", ["user_id"], unique=False)
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("recovery_codes_user_id_fkey")),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("recovery_codes_pkey")),
    )
    op.create_table(
        "totp_credentials",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("totp_credentials_user_id_fkey")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("totp_credentials_pkey")),
    )
    op.create_table(
        "token_families",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amr", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tokens_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "revoked_because",
            sa.Enum(
                "CODE_REUSED",
                "REFRESH_TOKEN_REUSED",
                "REVOKED_BY_CLIENT",
                "SESSION_ENDED",
                "CREDENTIALS_CHANGED",
                "ACCOUNT_CLOSED",
                name="revoked_because_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(["client_id"], ["oauth_clients.id"], name=op.f("token_families_client_id_fkey")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["browser_sessions.id"], name=op.f("token_families_session_id_fkey"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("token_families_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("token_families_pkey")),
    )
    op.create_index(
        "token_families_revoked_idx",
        "token_families",
        ["tokens_until"],
        unique=False,
        postgresql_where=sa.text("revoked_at IS NOT NULL"),
    )
    op.create_index("token_families_session_idx", "token_families", ["session_id"], unique=False)
    op.create_index(
        "token_families_user_idx",
        "token_families",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "authorization_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("redirect_uri", sa.String(), nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("code_challenge", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=True),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amr", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("family_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["oauth_clients.id"], name=op.f("authorization_codes_client_id_fkey")),
        sa.ForeignKeyConstraint(
            ["family_id"], ["token_families.id"], name=op.f("authorization_codes_family_id_fkey"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["browser_sessions.id"],
            name=op.f("authorization_codes_session_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("authorization_codes_user_id_fkey")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("authorization_codes_pkey")),
    )
    op.create_index(op.f("authorization_codes_expires_at_idx"), "authorization_codes", ["expires_at"], unique=False)
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["family_id"], ["token_families.id"], name=op.f("refresh_tokens_family_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("refresh_tokens_pkey")),
    )
    op.create_index(op.f("refresh_tokens_expires_at_idx"), "refresh_tokens", ["expires_at"], unique=False)
    op.create_index(op.f("refresh_tokens_family_id_idx"), "refresh_tokens", ["family_id"], unique=False)
    op.create_index(
        "refresh_tokens_one_unused_idx",
        "refresh_tokens",
        ["family_id"],
        unique=True,
        postgresql_where=sa.text("used_at IS NULL"),
    )
    for statement in TRIGGERS:
        op.execute(statement)
    for table, columns in MAKING_VIEWERS.items():
        op.execute(
            f"CREATE TRIGGER {table}_tell_added AFTER INSERT ON {table} REFERENCING NEW TABLE AS added "
            "FOR EACH STATEMENT EXECUTE FUNCTION tell_viewers_added()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_tell_changed AFTER UPDATE OF {columns} OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION tell_viewer_change()"
        )


def downgrade() -> None:
    for table in MAKING_VIEWERS:
        op.execute(f"DROP TRIGGER {table}_tell_changed ON {table}")
        op.execute(f"DROP TRIGGER {table}_tell_added ON {table}")
    op.execute("DROP FUNCTION tell_viewers_added()")
    op.execute("DROP FUNCTION tell_viewer_change()")
    op.execute("DROP TRIGGER users_tell ON users")
    op.drop_index(
        "refresh_tokens_one_unused_idx", table_name="refresh_tokens", postgresql_where=sa.text("used_at IS NULL")
    )
    op.drop_index(op.f("refresh_tokens_family_id_idx"), table_name="refresh_tokens")
    op.drop_index(op.f("refresh_tokens_expires_at_idx"), table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_index(op.f("authorization_codes_expires_at_idx"), table_name="authorization_codes")
    op.drop_table("authorization_codes")
    op.drop_index(
        "token_families_user_idx", table_name="token_families", postgresql_where=sa.text("revoked_at IS NULL")
    )
    op.drop_index("token_families_session_idx", table_name="token_families")
    op.drop_index(
        "token_families_revoked_idx", table_name="token_families", postgresql_where=sa.text("revoked_at IS NOT NULL")
    )
    op.drop_table("token_families")
    op.drop_table("totp_credentials")
    op.drop_table("recovery_codes")
    op.drop_index(op.f("one_time_links_user_id_idx"), table_name="one_time_links")
    op.drop_index(op.f("one_time_links_expires_at_idx"), table_name="one_time_links")
    op.drop_table("one_time_links")
    op.drop_table("oauth_consents")
    op.drop_index(
        "browser_sessions_user_idx", table_name="browser_sessions", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_table("browser_sessions")
    op.drop_table("signing_keys")
    op.drop_index(op.f("sign_in_attempts_address_attempted_at_idx"), table_name="sign_in_attempts")
    op.drop_index(op.f("sign_in_attempts_account_attempted_at_idx"), table_name="sign_in_attempts")
    op.drop_table("sign_in_attempts")
    op.drop_index(op.f("revoked_tokens_expires_at_idx"), table_name="revoked_tokens")
    op.drop_table("revoked_tokens")
    op.drop_table("oauth_clients")
    op.execute("DROP FUNCTION tell_revocation()")
