"""Databases inside a running PostgreSQL, embedded or not."""

from urllib.parse import urlsplit, urlunsplit

import asyncpg


async def create_database(dsn: str, name: str, *, template: str = "template1") -> str:
    """Create the database `name` in the server of `dsn`; returns the DSN of the new one."""
    # Copying files takes half as long as logging every page, which is the default.
    await _execute(dsn, f"CREATE DATABASE {_quoted(name)} TEMPLATE {_quoted(template)} STRATEGY FILE_COPY")
    return _with_database(dsn, name)


async def drop_database(dsn: str, name: str) -> None:
    """Drop the database `name`, ending the sessions in it; no error if there is none."""
    await _execute(dsn, f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


async def _execute(dsn: str, statement: str) -> None:
    # From `postgres`, because a database that somebody is in can be neither dropped nor copied.
    connection = await asyncpg.connect(_with_database(dsn, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _with_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
