"""Links that are sent by mail and good once: to choose a password, to accept an invitation, to verify an address."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from auth.oauth.configuration import Configuration
from auth.oauth.secret import digest, new_token
from auth.oauth.sessions import end_everything
from models import User
from models.enums import UserStatus
from models.oauth import FamilyEnd, LinkPurpose, OneTimeLink

PATHS = {
    LinkPurpose.RESET_PASSWORD: "/oauth/reset",
    LinkPurpose.INVITATION: "/oauth/reset",
    LinkPurpose.VERIFY_EMAIL: "/oauth/verify",
}
CHOOSES_PASSWORD = (LinkPurpose.RESET_PASSWORD, LinkPurpose.INVITATION)


@dataclass(frozen=True)
class Invited:
    """Whom a link that is still good was sent to, and what for."""

    user_id: int
    email: str
    purpose: LinkPurpose


def create_link(
    session: Session, configuration: Configuration, user_id: int, purpose: LinkPurpose, now: datetime
) -> str:
    """The address to send. Links sent before for the same purpose stop working."""
    token = new_token()
    lifetime = (
        configuration.link_lifetime if purpose is LinkPurpose.RESET_PASSWORD else configuration.invitation_lifetime
    )
    before = update(OneTimeLink).where(OneTimeLink.user_id == user_id, OneTimeLink.purpose == purpose)
    session.execute(before.where(OneTimeLink.used_at.is_(None)).values(used_at=now))
    session.add(
        OneTimeLink(
            token_hash=digest(token), user_id=user_id, purpose=purpose, created_at=now, expires_at=now + lifetime
        )
    )
    session.flush()
    return f"{configuration.public_url}{PATHS[purpose]}?token={token}"


def look_up(session: Session, token: str, now: datetime) -> Invited | None:
    """What a link is good for; None if it is not, or not any more."""
    found = (
        select(User.id, User.email, OneTimeLink.purpose)
        .join(User, User.id == OneTimeLink.user_id)
        .where(
            OneTimeLink.token_hash == digest(token),
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > now,
            User.status != UserStatus.SUSPENDED,
        )
    )
    row = session.execute(found).one_or_none()
    return None if row is None else Invited(*row)


def use(session: Session, token: str, purposes: Collection[LinkPurpose], now: datetime) -> Invited | None:
    """Uses a link up, if it is for one of the purposes; of two who do at once, one gets None."""
    invited = look_up(session, token, now)
    if invited is None or invited.purpose not in purposes:
        return None
    unused = update(OneTimeLink).where(OneTimeLink.token_hash == digest(token), OneTimeLink.used_at.is_(None))
    taken = session.scalar(unused.values(used_at=now).returning(OneTimeLink.user_id))
    return None if taken is None else invited


def choose_password(session: Session, token: str, password_hash: str, now: datetime) -> Invited | None:
    """Sets the password for which a link was sent; whoever was signed in is signed out. None: the link is not good."""
    invited = use(session, token, CHOOSES_PASSWORD, now)
    if invited is None:
        return None
    user = session.get_one(User, invited.user_id)
    user.email_verified_at = user.email_verified_at or now
    if user.status is UserStatus.INVITED:
        user.status = UserStatus.ACTIVE
    set_password(session, invited.user_id, password_hash, now)
    return invited


def set_password(session: Session, user_id: int, password_hash: str, now: datetime) -> None:
    """Stores a password; all sessions and tokens end, and links to choose one stop working."""
    session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash, updated_at=now))
    open_links = update(OneTimeLink).where(OneTimeLink.user_id == user_id, OneTimeLink.used_at.is_(None))
    session.execute(open_links.where(OneTimeLink.purpose.in_(CHOOSES_PASSWORD)).values(used_at=now))
    end_everything(session, user_id, FamilyEnd.CREDENTIALS_CHANGED, now)


def verify_email(session: Session, token: str, now: datetime) -> Invited | None:
    """Notes that whoever has the link reads the mail of the address, and lets in who has registered with it.

    None: the link is not good.
    """
    invited = use(session, token, (LinkPurpose.VERIFY_EMAIL,), now)
    if invited is None:
        return None
    user = session.get_one(User, invited.user_id)
    user.email_verified_at = now
    if user.status is UserStatus.INVITED and user.password_hash is not None:
        user.status = UserStatus.ACTIVE
    return invited
