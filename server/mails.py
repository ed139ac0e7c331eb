"""The mails that wait to be sent: a chore of the worker."""

from domain.identity.deliver_mails import deliver_mails
from gateways.mail import mail_gateway
from server.identity import configuration_of
from server.settings import Settings
from worker.chores import Chore, Desk

EVERY = 2.0
_LOCK = 7_016_996_765_293_437_500  # any number, the same in every process


def mail_chores(settings: Settings) -> list[Chore]:
    """What sends mails; nothing where an external issuer signs people in, since mails hold links to our own pages.

    Raises ConfigurationError, SecretError or SmtpUrlError for settings that cannot be.
    """
    if settings.oidc_issuer is not None:
        return []
    mail, configuration = mail_gateway(settings.smtp_url, settings.data_dir), configuration_of(settings)

    async def send(desk: Desk) -> int:
        async with desk.connections.connection() as connection:
            return await deliver_mails(connection, mail, configuration, desk.clock())

    return [Chore("sending mails", EVERY, _LOCK, send)]
