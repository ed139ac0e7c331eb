"""Errors on the command line: what is known to go wrong is one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def one_clear_line() -> Iterator[None]:
    """Turns what is known to go wrong into one line and exit code 1; anything else is a bug and keeps its traceback."""
    from auth.oauth.configuration import ConfigurationError
    from auth.oauth.secret import SecretError
    from gateways.mail.smtp import SmtpUrlError
    from server.database import DatabaseError
    from server.embedded import EmbeddedPostgresError
    from server.oauth.commands import CommandRefused
    from server.recount import RecountError
    from server.seed import SeedError
    from server.serve import AddressInUse
    from server.settings_error import SettingsError
    from server.synthea import SyntheaError

    known = (
        AddressInUse, CommandRefused, ConfigurationError, DatabaseError, EmbeddedPostgresError, RecountError,
        SecretError, SeedError, SettingsError, SmtpUrlError, SyntheaError,
    )  # fmt: skip
    try:
        yield
    except known as error:
        raise click.ClickException(str(error)) from error
