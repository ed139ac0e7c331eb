"""The commands about sign-in: clients, the first administrator, demo tokens, keys, and the table of scopes."""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta

import click

from server.clear_line import one_clear_line
from server.settings import Settings, Stage

ROLES = ("patient", "doctor", "staff", "manager", "admin")
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")


@click.group(help="Applications that ask for tokens.")
def client() -> None:
    pass


@client.command(name="create", help="Register an OAuth client. Its secret is printed this once.")
@click.option("--name", required=True, help="What people are shown when it asks for their consent.")
@click.option("--public", is_flag=True, help="Without a secret: a page or an app, which proves itself by PKCE.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Where codes may be sent; may be repeated.")
@click.option("--grant-type", "grant_types", multiple=True, type=click.Choice(GRANT_TYPES), help="May be repeated.")
@click.option("--scope", "scopes", default="", help='What it may ask for, as in "appointment:read slot:read".')
@click.option("--introspect", is_flag=True, help="It may look at any token.")
@click.option("--id", "client_id", help="Its id; by default one is made up.")
@click.pass_obj
def create_client(
    settings: Settings,
    /,
    *,
    name: str,
    public: bool,
    redirect_uris: tuple[str, ...],
    grant_types: tuple[str, ...],
    scopes: str,
    introspect: bool,
    client_id: str | None,
) -> None:
    from server import database
    from server.oauth import commands

    with one_clear_line(), database.the_database(settings) as dsn:
        asyncio.run(database.migrate(dsn))
        made = asyncio.run(
            commands.create_client(
                dsn,
                name=name,
                public=public,
                redirect_uris=redirect_uris,
                grant_types=grant_types,
                scopes=scopes,
                may_introspect=introspect,
                client_id=client_id,
            )
        )
    secret = {} if made.client_secret is None else {"client_secret": made.client_secret}
    sys.stdout.write(json.dumps({"client_id": made.client_id, **secret}, indent=2) + "\n")


@click.group(help="Administrators.")
def admin() -> None:
    pass


@admin.command(name="create", help="Invite the first administrator: prints the one-time link that chooses a password.")
@click.argument("email")
@click.pass_obj
def create_admin(settings: Settings, email: str) -> None:
    from server import database
    from server.address import with_noted_address
    from server.identity import configuration_of
    from server.oauth import commands

    with one_clear_line(), database.the_database(settings) as dsn:
        asyncio.run(database.migrate(dsn))
        configuration = configuration_of(with_noted_address(settings))
        link = asyncio.run(commands.create_admin(dsn, configuration, email, datetime.now(UTC)))
    sys.stdout.write(link + "\n")


@click.command(help="Print an access token for a demo user (development only).")
@click.option("--role", required=True, type=click.Choice(ROLES, case_sensitive=False), help="What the user is.")
@click.option("--user", help="The user's email address; by default the demo user of the role.")
@click.option("--scope", "scopes", help="What it allows; by default all that the role may.")
@click.option("--expires", type=click.IntRange(1, 86_400), help="Seconds until it expires; by default 15 minutes.")
@click.pass_obj
def token(settings: Settings, role: str, user: str | None, scopes: str | None, expires: int | None) -> None:
    from models.enums import Role
    from server import database
    from server.address import with_noted_address
    from server.identity import configuration_of
    from server.oauth import commands

    if settings.stage is not Stage.DEVELOPMENT:
        raise click.ClickException("tokens without a sign-in are for development only")
    if settings.oidc_issuer is not None:
        raise click.ClickException("CLINICGRAPH_OIDC_ISSUER is set: tokens come from there")
    lifetime = None if expires is None else timedelta(seconds=expires)
    with one_clear_line(), database.the_database(settings) as dsn:
        issued = asyncio.run(
            commands.issue_demo_token(
                dsn,
                configuration_of(with_noted_address(settings)),
                Role(role.upper()),
                datetime.now(UTC),
                user=user,
                scopes=scopes,
                expires=lifetime,
            )
        )
    sys.stdout.write(issued + "\n")


@click.command(name="rotate-keys", help="Add a key that signs tokens; it takes over in an hour, the old ones retire.")
@click.pass_obj
def rotate_keys(settings: Settings) -> None:
    from server import database
    from server.address import with_noted_address
    from server.identity import configuration_of
    from server.oauth import commands

    with one_clear_line(), database.the_database(settings) as dsn:
        configuration = configuration_of(with_noted_address(settings))
        kid = asyncio.run(commands.rotate_keys(dsn, configuration, datetime.now(UTC)))
    sys.stdout.write(kid + "\n")


@click.command(name="print-scopes", help="Print which role may be given which scope, as docs/scopes.md holds it.")
def print_scopes() -> None:
    from server.scopes_document import scopes_document

    sys.stdout.write(scopes_document())
