"""A family is all tokens that one authorization has led to. They begin together and are revoked together."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from auth import scopes as scope_table
from auth.oauth.configuration import Configuration
from auth.oauth.minting import Grant, Person
from auth.oauth.secret import digest, new_token
from models import User, UserRole
from models.enums import Role, UserStatus
from models.oauth import AuthorizationCode, FamilyEnd, RefreshToken, TokenFamily


@dataclass(frozen=True)
class Holder:
    """The user of a family, as she is now."""

    user_id: int
    person: Person
    roles: tuple[Role, ...]
    scopes: frozenset[scope_table.Scope]


def holder(session: Session, user_id: int) -> Holder | None:
    """A user who may have tokens; None if she is not active."""
    user = session.get(User, user_id)
    if user is None or user.status is not UserStatus.ACTIVE:
        return None
    held = select(UserRole.role).where(UserRole.user_id == user_id).order_by(UserRole.role)
    roles = tuple(session.scalars(held))
    person = Person(user.name, user.email, user.email_verified_at is not None)
    return Holder(user_id, person, roles, scope_table.of_roles(roles))


def begin_family(session: Session, configuration: Configuration, code: AuthorizationCode, now: datetime) -> TokenFamily:
    family = TokenFamily(
        id=uuid4(),
        client_id=code.client_id,
        user_id=code.user_id,
        session_id=code.session_id,
        scopes=code.scopes,
        auth_time=code.auth_time,
        amr=code.amr,
        created_at=now,
        expires_at=now + configuration.family_lifetime,
        tokens_until=now,
    )
    session.add(family)
    session.flush()
    return family


def grant_of(family: TokenFamily, scopes: frozenset[str]) -> Grant:
    return Grant(family.client_id, scopes, family.user_id, family.id, family.auth_time, tuple(family.amr))


def add_refresh_token(session: Session, configuration: Configuration, family: TokenFamily, now: datetime) -> str:
    """A new refresh token. The one before must have been marked as used: the database allows one that is not."""
    token = new_token()
    expires_at = min(now + configuration.refresh_lifetime, family.expires_at)
    session.add(RefreshToken(token_hash=digest(token), family_id=family.id, created_at=now, expires_at=expires_at))
    session.flush()
    return token


def revoke_families(session: Session, which: ColumnElement[bool], because: FamilyEnd, now: datetime) -> None:
    """Revokes those of the families that are not revoked yet; a trigger tells every process."""
    session.execute(
        update(TokenFamily)
        .where(which, TokenFamily.revoked_at.is_(None))
        .values(revoked_at=now, revoked_because=because)
    )
