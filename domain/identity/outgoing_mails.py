"""Mails that a rule causes: rows, which leave after the commit (`deliver_mails`)."""

from domain.session import Session
from models import MailKind, OutgoingMail


async def queue_mail(session: Session, user_id: int, kind: MailKind) -> None:
    """Has a mail sent to the user, soon."""
    await session.insert(OutgoingMail, user_id=user_id, kind=kind, created_at=session.now, send_after=session.now)
