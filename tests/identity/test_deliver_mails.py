"""Mails leave after the commit, as rows: retried, given up, and never taken by two at once."""

import asyncio
from datetime import timedelta
from typing import Any, TypeAlias

import asyncpg
import pytest

from auth.oauth.configuration import Configuration
from auth.oauth.secret import digest
from domain.identity.deliver_mails import BACKOFF, deliver_mails
from gateways.mail import Mail, MailRefused
from tests.auth.world import AT, Mailbox
from tests.clinic_data import NOW

Sql: TypeAlias = "asyncpg.Connection[Any]"
QUEUE = "INSERT INTO outgoing_mails (user_id, kind, created_at, send_after) VALUES ($1, $2, $3, $3)"


class Broken:
    """A mail server that takes nothing."""

    tried = 0

    async def send(self, mail: Mail) -> None:
        self.tried += 1
        raise MailRefused("the mail server did not take it")


async def test_a_link_is_made_when_the_mail_is_sent(sql: Sql, installed: Configuration) -> None:
    await sql.execute("UPDATE users SET status = 'INVITED' WHERE id = 2")
    await sql.execute(QUEUE, 2, "INVITATION", NOW)
    assert await sql.fetchval("SELECT count(*) FROM one_time_links") == 0
    mailbox = Mailbox()
    assert await deliver_mails(sql, mailbox, installed, NOW) == 1
    assert mailbox.link.startswith(f"{AT}/oauth/reset?token=")
    (link,) = await sql.fetch("SELECT * FROM one_time_links")
    assert (link["token_hash"], link["user_id"], link["purpose"], link["expires_at"]) == (
        digest(mailbox.link.partition("token=")[2]),
        2,
        "INVITATION",
        NOW + installed.invitation_lifetime,
    )
    assert await deliver_mails(sql, mailbox, installed, NOW + timedelta(days=9)) == 0


async def test_what_is_not_taken_is_tried_again_and_given_up(sql: Sql, installed: Configuration) -> None:
    await sql.execute(QUEUE, 2, "PASSWORD_CHANGED", NOW)
    broken, now = Broken(), NOW
    for tried, minutes in enumerate(BACKOFF, 1):
        assert await deliver_mails(sql, broken, installed, now) == 0
        assert await deliver_mails(sql, broken, installed, now + timedelta(minutes=minutes, seconds=-1)) == 0
        assert broken.tried == tried
        now += timedelta(minutes=minutes)
    mailbox = Mailbox()
    assert await deliver_mails(sql, mailbox, installed, now + timedelta(days=30)) == 0
    assert await sql.fetchval("SELECT gave_up_at IS NOT NULL FROM outgoing_mails")


async def test_a_mail_whose_sender_died_is_sent_by_another(sql: Sql, installed: Configuration) -> None:
    class Dies:
        async def send(self, mail: Mail) -> None:
            raise asyncio.CancelledError

    await sql.execute(QUEUE, 2, "PASSWORD_CHANGED", NOW)
    with pytest.raises(asyncio.CancelledError):
        await deliver_mails(sql, Dies(), installed, NOW)
    mailbox = Mailbox()
    assert await deliver_mails(sql, mailbox, installed, NOW) == 0
    assert await deliver_mails(sql, mailbox, installed, NOW + timedelta(minutes=BACKOFF[0])) == 1


async def test_workers_do_not_send_twice(clinic: str, sql: Sql, installed: Configuration) -> None:
    for user_id in (1, 2, 3, 1001, 1002, 2001):
        await sql.execute(QUEUE, user_id, "PASSWORD_CHANGED", NOW)
    workers = [await asyncpg.connect(clinic) for _ in range(3)]
    mailbox = Mailbox()
    sent = await asyncio.gather(*(deliver_mails(worker, mailbox, installed, NOW) for worker in workers))
    for worker in workers:
        await worker.close()
    assert sum(sent) == len(mailbox.sent) == len({mail.to for mail in mailbox.sent}) == 6


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("PASSWORD_CHANGED", "status = 'SUSPENDED'"),
        ("INVITATION", "status = 'ACTIVE'"),
        ("VERIFY_EMAIL", "status = 'ACTIVE', email_verified_at = now()"),
    ],
)
async def test_what_has_become_pointless_is_not_sent(
    sql: Sql, installed: Configuration, kind: str, change: str
) -> None:
    await sql.execute(QUEUE, 2, kind, NOW)
    await sql.execute(f"UPDATE users SET {change} WHERE id = 2")
    mailbox = Mailbox()
    assert await deliver_mails(sql, mailbox, installed, NOW) == 0
    assert mailbox.sent == []
    assert await sql.fetchval("SELECT count(*) FROM one_time_links") == 0
