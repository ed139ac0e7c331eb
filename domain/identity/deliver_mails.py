"""Sends the mails that are due. Any number of workers may do it at once."""

import logging
from datetime import datetime
from typing import Any

import asyncpg
from asyncpg import Record

from auth.oauth.configuration import Configuration
from domain.identity.letters import LETTERS
from domain.identity.one_time_links import make_link
from gateways.mail import Mail, MailGateway, MailRefused
from models import MailKind
from models.enums import UserStatus

log = logging.getLogger(__name__)

BACKOFF = [1, 5, 30, 120, 360, 720, 1440]
"""Minutes until a mail that was tried n times is tried again; as often as there are numbers."""

# Whoever takes a mail has it until the next attempt is due: no row stays locked while a server is spoken to, and a
# mail whose sender has died is sent by another.
TAKE = """
UPDATE outgoing_mails m SET attempts = attempts + 1,
  send_after = $1 + make_interval(mins => ($2::int[])[least(attempts + 1, cardinality($2))])
FROM users u
WHERE u.id = m.user_id AND m.id = (
  SELECT id FROM outgoing_mails WHERE sent_at IS NULL AND gave_up_at IS NULL AND send_after <= $1
  ORDER BY send_after, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING m.id, m.user_id, m.kind, m.attempts, u.name, u.email, u.status, u.email_verified_at
"""
SENT = "UPDATE outgoing_mails SET sent_at = $2 WHERE id = $1"
GIVE_UP = "UPDATE outgoing_mails SET gave_up_at = $2 WHERE id = $1"


async def deliver_mails(
    connection: "asyncpg.Connection[Any]",
    mail: MailGateway,
    configuration: Configuration,
    now: datetime,
    limit: int = 100,
) -> int:
    """Sends what is due, at most `limit`; returns how many were handed over.

    `connection` is in no transaction. What is not taken is tried again later, and given up after a week at most. A
    mail is sent at least once: twice if the process dies between sending and noting it.
    """
    sent = 0
    for _ in range(limit):
        async with connection.transaction():
            taken = await connection.fetchrow(TAKE, now, BACKOFF)
            written = None if taken is None else await _write(connection, configuration, taken, now)
        if taken is None:
            break
        if written is None:
            await connection.execute(GIVE_UP, taken["id"], now)
        elif await _hand_over(mail, written, taken["id"]):
            await connection.execute(SENT, taken["id"], now)
            sent += 1
        elif taken["attempts"] >= len(BACKOFF):
            await connection.execute(GIVE_UP, taken["id"], now)
    return sent


async def _write(
    connection: "asyncpg.Connection[Any]", configuration: Configuration, taken: Record, now: datetime
) -> Mail | None:
    """The mail, with a link made for it; None if it has become pointless."""
    kind, status = MailKind(taken["kind"]), UserStatus(taken["status"])
    done = kind is MailKind.VERIFY_EMAIL and taken["email_verified_at"] is not None
    accepted = kind is MailKind.INVITATION and status is not UserStatus.INVITED
    if status is UserStatus.SUSPENDED or done or accepted:
        return None
    letter = LETTERS[kind]
    link = await make_link(connection, configuration, taken["user_id"], letter.link, now) if letter.link else ""
    text = letter.text.format(name=taken["name"], link=link, address=configuration.public_url)
    return Mail(taken["email"], letter.subject, text)


async def _hand_over(mail: MailGateway, written: Mail, mail_id: int) -> bool:
    try:
        await mail.send(written)
    except (MailRefused, OSError) as error:
        log.warning("mail %d could not be sent: %s", mail_id, error if isinstance(error, MailRefused) else "OSError")
        return False
    return True
