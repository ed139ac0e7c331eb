"""People who sign in, and the roles they hold."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Versioned, one_of
from models.enums import Role, UserStatus


class User(Identified, Versioned, Base):
    """A person who signs in. The email is kept in lower case, which makes it unique whatever its case."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        Index("users_name_idx", "name", "id"),
        Index("users_name_words_idx", func.to_tsvector(text("'simple'"), text("name")), postgresql_using="gin"),
    )

    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    phone: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default="en")
    status: Mapped[UserStatus] = mapped_column(one_of(UserStatus, "status"), server_default=UserStatus.ACTIVE)
    password_hash: Mapped[str | None]
    email_verified_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]


class UserRole(Base):
    """A role that a user holds. For which clinics a STAFF or MANAGER role counts stands in `staff`."""

    __tablename__ = "user_roles"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(one_of(Role, "role"), primary_key=True)
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    granted_at: Mapped[datetime] = mapped_column(server_default=func.now())
