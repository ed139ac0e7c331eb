"""`server health`: what a container's health check runs."""

import asyncio
from http.client import HTTPConnection, HTTPException

import click
from asyncpg import PostgresError, connect

from server.settings import Settings

PATIENCE = 4.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - addresses to listen on


@click.command(help="Say whether the server of this machine is ready; exit 1 if not.")
@click.option("--worker", "of_worker", is_flag=True, help="Whether a worker works, wherever it is.")
@click.pass_obj
def health(settings: Settings, of_worker: bool) -> None:
    wrong = worker_trouble(settings) if of_worker else server_trouble(settings)
    if wrong is not None:
        raise click.ClickException(wrong)


def server_trouble(settings: Settings) -> str | None:
    """What `/readyz` says is wrong. None if nothing is."""
    connection = HTTPConnection(EVERYWHERE.get(settings.host, settings.host), settings.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said = answer.read().decode()
    except (OSError, HTTPException) as error:
        return f"the server does not answer ({type(error).__name__})"
    finally:
        connection.close()
    return None if answer.status == 200 else said


def worker_trouble(settings: Settings) -> str | None:
    """Whether events wait for their positions, which only a worker gives. None if not."""
    from server.clear_line import one_clear_line
    from server.database import the_database
    from server.health import LONGEST_WAIT

    with one_clear_line(), the_database(settings) as dsn:
        try:
            seconds = asyncio.run(_longest_wait(dsn))
        except (OSError, PostgresError) as error:
            return f"the database cannot be reached ({type(error).__name__})"
    return f"an event has waited for {seconds:.0f} s" if seconds > LONGEST_WAIT else None


async def _longest_wait(dsn: str) -> float:
    from server.health import WAITING

    connection = await connect(dsn, timeout=PATIENCE)
    try:
        seconds: float = await connection.fetchval(WAITING)
    finally:
        await connection.close()
    return seconds
