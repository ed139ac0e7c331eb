"""What the system writes about itself: audit, outbox, idempotency, imports."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified

EVENTS_CHANNEL = "clinicgraph_events"
"""Where NOTIFY tells that events have got their positions."""


class AuditRecord(Identified, Base):
    """Who did or saw what, of which patient, when, in which request.

    Without foreign keys: nobody is ever deleted, and looking up each patient took as long as writing the records.
    """

    __tablename__ = "audit_records"
    __table_args__ = (
        Index("audit_records_patient_idx", "patient_id", "id", postgresql_where=text("patient_id IS NOT NULL")),
        Index("audit_records_user_idx", "user_id", "id", postgresql_where=text("user_id IS NOT NULL")),
        Index("audit_records_happened_idx", "happened_at", postgresql_using="brin"),
    )

    happened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    request_id: Mapped[str]
    user_id: Mapped[int | None]
    client_id: Mapped[str | None]
    action: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[int | None]
    patient_id: Mapped[int | None]
    reason: Mapped[str | None]


class OutboxEvent(Identified, Base):
    """An event, written in the transaction of its cause; `position` is given afterwards, in commit order."""

    __tablename__ = "outbox_events"
    __table_args__ = (
        UniqueConstraint("aggregate", "aggregate_id", "sequence"),
        Index("outbox_events_unpositioned_idx", "id", postgresql_where=text("position IS NULL")),
        Index("outbox_events_position_key", "position", unique=True, postgresql_where=text("position IS NOT NULL")),
    )

    name: Mapped[str]
    aggregate: Mapped[str]
    aggregate_id: Mapped[int]
    sequence: Mapped[int]
    position: Mapped[int | None]
    payload: Mapped[dict[str, object]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IdempotencyKey(Base):
    """The first answer to a mutation's key, kept 24 hours per owner (a user or a client) and mutation."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    owner: Mapped[str] = mapped_column(primary_key=True)
    mutation: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    input_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ImportedRecord(Base):
    """Which row of a foreign system became which of ours, so that an import run twice loads nothing twice."""

    __tablename__ = "imported_records"

    source: Mapped[str] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    entity_id: Mapped[int]
