"""What the command line does about clients, the first administrator, demo tokens and keys."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth import scopes as scope_table
from auth.oauth import clients, keys
from auth.oauth.clients import NewClient
from auth.oauth.configuration import Configuration
from auth.oauth.families import grant_of, holder
from auth.oauth.links import create_link
from auth.oauth.minting import mint_access_token
from auth.oauth.sign_in import normal_email
from models import User, UserRole
from models.enums import Role, UserStatus
from models.oauth import LinkPurpose, OAuthClient, TokenFamily
from server.oauth.edge import opened

DEMO_CLIENT = "clinicgraph-development"
LONGEST = keys.AFTERLIFE


class CommandRefused(Exception):
    """A command that cannot be done; the message is one line that says why."""


async def create_client(
    dsn: str,
    *,
    name: str,
    public: bool,
    redirect_uris: Sequence[str],
    grant_types: Iterable[str],
    scopes: str,
    may_introspect: bool = False,
    client_id: str | None = None,
) -> NewClient:
    """Registers a client; its secret is shown this once. Raises CommandRefused."""

    def work(session: Session) -> NewClient:
        return clients.create_client(
            session,
            name=name,
            public=public,
            redirect_uris=redirect_uris,
            grant_types=grant_types,
            scopes=scopes,
            may_introspect=may_introspect,
            client_id=client_id,
        )

    try:
        async with opened(dsn) as sessions, sessions.begin() as session:
            return await session.run_sync(work)
    except clients.RegistrationRefused as refused:
        raise CommandRefused(str(refused)) from None


async def create_admin(dsn: str, configuration: Configuration, email: str, now: datetime) -> str:
    """Invites the first administrator: the one-time link with which she chooses her password.

    Again for the same address, while she has not chosen one: a new link. Raises CommandRefused once there is an
    administrator who can sign in; that one invites the others.
    """
    address = normal_email(email)
    if not address or "@" not in address:
        raise CommandRefused(f"{email!r} is not an email address")

    def work(session: Session) -> str:
        admins = select(User).join(UserRole, UserRole.user_id == User.id).where(UserRole.role == Role.ADMIN)
        if session.scalar(admins.where(User.password_hash.is_not(None)).limit(1)) is not None:
            raise CommandRefused("there is an administrator already, who can invite others")
        user = session.scalar(select(User).where(User.email == address))
        if user is None:
            user = User(name=address.partition("@")[0], email=address, status=UserStatus.INVITED)
            session.add(user)
            session.flush()
        if session.get(UserRole, (user.id, Role.ADMIN)) is None:
            session.add(UserRole(user_id=user.id, role=Role.ADMIN))
        return create_link(session, configuration, user.id, LinkPurpose.INVITATION, now)

    async with opened(dsn) as sessions, sessions.begin() as session:
        return await session.run_sync(work)


async def issue_demo_token(
    dsn: str,
    configuration: Configuration,
    role: Role,
    now: datetime,
    *,
    user: str | None = None,
    scopes: str | None = None,
    expires: timedelta | None = None,
) -> str:
    """An access token for a user with a role, by default the demo user. Whoever calls this is in development.

    Raises CommandRefused for a user without the role, for scopes that it does not have, and past one day.
    """
    lifetime = configuration.access_lifetime if expires is None else expires
    if not timedelta(0) < lifetime <= LONGEST:
        raise CommandRefused(f"a token lives for 1 to {int(LONGEST.total_seconds())} seconds")

    def work(session: Session) -> str:
        return _demo_token(session, configuration, role, user or f"{role.lower()}@example.org", scopes, lifetime, now)

    async with opened(dsn) as sessions, sessions.begin() as session:
        return await session.run_sync(work)


def _demo_token(
    session: Session,
    configuration: Configuration,
    role: Role,
    email: str,
    asked: str | None,
    lifetime: timedelta,
    now: datetime,
) -> str:
    having = select(User).join(UserRole, UserRole.user_id == User.id).where(UserRole.role == role)
    person = session.scalar(having.where(User.email == normal_email(email)))
    if person is None or (held := holder(session, person.id)) is None:
        raise CommandRefused(f"there is no active {role.lower()} with the address {email}")
    try:
        scopes = scope_table.known(asked) if asked else scope_table.of_roles([role])
    except ValueError as unknown:
        raise CommandRefused(str(unknown)) from None
    if missing := scopes - held.scopes:
        raise CommandRefused(f"a {role.lower()} cannot be given: {scope_table.written(missing)}")
    if session.get(OAuthClient, DEMO_CLIENT) is None:
        session.add(OAuthClient(id=DEMO_CLIENT, name="Command line", grant_types=[], scopes=[], redirect_uris=[]))
        session.flush()
    family = TokenFamily(
        id=uuid4(),
        client_id=DEMO_CLIENT,
        user_id=person.id,
        scopes=scope_table.written(scopes).split(),
        auth_time=now,
        amr=[],
        created_at=now,
        expires_at=now + lifetime,
        tokens_until=now + lifetime,
    )
    session.add(family)
    session.flush()
    signer = keys.current_signer(session, configuration, now)
    return mint_access_token(signer, configuration, grant_of(family, frozenset(scopes)), now, lifetime).token


async def rotate_keys(dsn: str, configuration: Configuration, now: datetime) -> str:
    """Adds a signing key, which takes over once it has been published for a while; returns its id."""
    async with opened(dsn) as sessions, sessions.begin() as session:
        return await session.run_sync(keys.rotate_keys, configuration, now)
