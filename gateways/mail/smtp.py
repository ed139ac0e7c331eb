"""Mail by SMTP."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from gateways.mail import Mail, MailRefused

SECONDS = 20
LOCAL = ("localhost", "127.0.0.1", "::1")


class SmtpUrlError(ValueError):
    """`CLINICGRAPH_SMTP_URL` is not what it must be; the message says what that is, without the password."""


@dataclass(frozen=True)
class SmtpMail:
    """One connection per mail: over TLS from the start (smtps), or upgraded to it (smtp); in the clear only at home."""

    host: str
    port: int
    sender: str
    implicit_tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def at(cls, url: str) -> "SmtpMail":
        """From `smtp[s]://user:password@host:port?from=clinic@example.org`. Raises SmtpUrlError."""
        parts = urlsplit(url)
        sender = parse_qs(parts.query).get("from", [""])[0]
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or "@" not in sender:
            raise SmtpUrlError("CLINICGRAPH_SMTP_URL is smtp[s]://user:password@host:port?from=address")
        implicit = parts.scheme == "smtps"
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if implicit else 587),
            sender=sender,
            implicit_tls=implicit,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    async def send(self, mail: Mail) -> None:
        """See `MailGateway`."""
        upgrade = None if self.host in LOCAL else True  # None: if the server offers it
        try:
            await aiosmtplib.send(
                mail.message(self.sender),
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password,
                use_tls=self.implicit_tls,
                start_tls=False if self.implicit_tls else upgrade,
                timeout=SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailRefused(f"the mail server did not take it ({type(error).__name__})") from None
