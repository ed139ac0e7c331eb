"""The index of specialties says by itself who may be booked: a search reads no doctor to know whom it is about."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME = "doctors_specialty_idx"


def upgrade() -> None:
    _index(["specialty", "status", "licence_expires_on"])


def downgrade() -> None:
    _index(None)


def _index(include: list[str] | None) -> None:
    op.drop_index(NAME, "doctors")
    op.create_index(NAME, "doctors", [sa.literal_column("lower(specialty)"), "id"], postgresql_include=include)
    op.execute("ANALYZE doctors")  # what is known of lower(specialty) went with the old index
