"""What a first start does and says."""

from datetime import UTC, datetime

import asyncpg
from rich.console import Console

from server.progress import progress_bars
from server.seed import Sizes, seed
from server.seed.demo_password import DEMO_PASSWORD, demo_password_hash
from server.settings import Settings, Stage
from server.settings_error import SettingsError

EXAMPLE = "{ doctors(first: 3) { edges { node { user { name } nextSlots(first: 2) { start end } } } } }"
DEMO_PEOPLE = """
    SELECT r.role, u.name, u.email FROM users u JOIN user_roles r ON r.user_id = u.id
    WHERE u.email = ANY ($1) AND u.password_hash = $2 ORDER BY u.id
"""
DEMO_EMAILS = [f"{role}@example.org" for role in ("patient", "doctor", "staff", "manager", "admin")]


async def seed_if_empty(dsn: str, console: Console) -> None:
    """Demo data for the first start of an embedded database."""
    connection = await asyncpg.connect(dsn)
    try:
        empty = not await connection.fetchval("SELECT EXISTS (SELECT FROM users)")
    finally:
        await connection.close()
    if empty:
        console.print("Making demo data …")
        with progress_bars(console) as report:
            await seed(dsn, Sizes(), seed=1, now=datetime.now(UTC), demo_password=True, report=report)


async def refuse_demo_people(dsn: str) -> None:
    """Raises SettingsError if somebody in the database has the password that everybody knows."""
    connection = await asyncpg.connect(dsn)
    try:
        known = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM users WHERE password_hash = $1)", demo_password_hash()
        )
    finally:
        await connection.close()
    if known:
        raise SettingsError(
            "CLINICGRAPH_ENV=production refuses to start: the database that DATABASE_URL names holds demo people, "
            "whose password everybody knows"
        )


async def welcome(dsn: str, settings: Settings, console: Console) -> None:
    """Prints the addresses, the demo people and one example."""
    address, people = settings.address, []
    if settings.stage is Stage.DEVELOPMENT and settings.oidc_issuer is None:
        connection = await asyncpg.connect(dsn)
        try:
            people = await connection.fetch(DEMO_PEOPLE, DEMO_EMAILS, demo_password_hash())
        finally:
            await connection.close()
    console.print(f"\n[bold]Clinicgraph[/bold] on {address}")
    console.print(f"  GraphiQL and API  {address}/graphql")
    console.print(f"  Health            {address}/healthz, {address}/readyz", soft_wrap=True)
    if people:
        console.print(f"\nSign in there as one of the demo people, with the password [bold]{DEMO_PASSWORD}[/bold]")
    for person in people:
        console.print(f"  {person['role']:8} {person['email']:20} {person['name']}")
    console.print("\nTry it:")
    console.print(f"  curl {address}/graphql -H 'content-type: application/json' \\", soft_wrap=True)
    console.print(f'       -d \'{{"query": "{EXAMPLE}"}}\'\n', soft_wrap=True, markup=False)
