"""Mails that are to be sent: rows of the transaction that caused them, which the worker picks up."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, one_of


class MailKind(StrEnum):
    """What a mail says. The secret of a link is made when the mail is sent, and stands in no row."""

    VERIFY_EMAIL = "VERIFY_EMAIL"
    ALREADY_REGISTERED = "ALREADY_REGISTERED"
    INVITATION = "INVITATION"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105


class OutgoingMail(Identified, Base):
    """A mail to a user, tried from `send_after` on until it is sent or, after too many attempts, given up."""

    __tablename__ = "outgoing_mails"
    __table_args__ = (
        Index(
            "outgoing_mails_pending_idx",
            "send_after",
            "id",
            postgresql_where=text("sent_at IS NULL AND gave_up_at IS NULL"),
        ),
        Index(None, "user_id"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[MailKind] = mapped_column(one_of(MailKind, "kind"))
    created_at: Mapped[datetime]
    send_after: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    sent_at: Mapped[datetime | None]
    gave_up_at: Mapped[datetime | None]
