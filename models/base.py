"""What every table shares: constraint names, column types, identity and timestamps."""

import enum
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Enum, Identity, MetaData, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}

Instant = DateTime(timezone=True)


class Base(DeclarativeBase):
    """Declarative base. Relations are read by loaders, so no table declares ORM relationships."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {int: BigInteger(), str: String(), datetime: Instant}


def one_of(values: type[enum.StrEnum], name: str) -> Enum:
    """Text restricted by a CHECK to the values of an enum: easier to extend and to undo than a PostgreSQL enum."""
    return Enum(
        values,
        name=f"{name}_known",
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class Identified:
    """A surrogate key that PostgreSQL gives and that seeds and imports may set."""

    id: Mapped[int] = mapped_column(Identity(always=False), primary_key=True)


class Timestamped:
    """When a row was made and last changed (instants)."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Versioned(Timestamped):
    """A record that people edit: `version` grows with each change, so that a concurrent edit is noticed."""

    version: Mapped[int] = mapped_column(server_default="1")
