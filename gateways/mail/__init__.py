"""Mail: to a server by SMTP, or into files while developing."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Protocol


class MailRefused(Exception):
    """A mail could not be handed over. The message names neither the recipient nor the content."""


@dataclass(frozen=True)
class Mail:
    """A mail in plain text to one person."""

    to: str
    subject: str
    text: str

    def message(self, sender: str) -> EmailMessage:
        """As it goes out. Raises MailRefused for an address that is none."""
        message = EmailMessage()
        try:
            message["From"], message["To"], message["Subject"] = sender, self.to, self.subject
        except ValueError:
            raise MailRefused("the recipient's address is not one") from None
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
        message["Auto-Submitted"] = "auto-generated"  # so that nobody's absence answers it
        message.set_content(self.text)
        return message


class MailGateway(Protocol):
    """Takes mails."""

    async def send(self, mail: Mail) -> None:
        """Hands a mail over. Raises MailRefused."""


def mail_gateway(smtp_url: str | None, data_dir: Path) -> MailGateway:
    """The gateway that `CLINICGRAPH_SMTP_URL` names; without one, files in the data directory."""
    if smtp_url is None:
        from gateways.mail.files import FileMail

        return FileMail(data_dir / "mail")
    from gateways.mail.smtp import SmtpMail

    return SmtpMail.at(smtp_url)
