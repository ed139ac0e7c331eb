"""Audit records refer to nobody: the keys were looked up for each of the hundred patients of a list.

And applications, which have no user, are not listed among the users.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEYS = {"audit_records_user_id_fkey": ("user_id", "users"), "audit_records_patient_id_fkey": ("patient_id", "patients")}


def upgrade() -> None:
    for key in KEYS:
        op.drop_constraint(key, "audit_records", type_="foreignkey")
    _index_users(where="user_id IS NOT NULL")


def downgrade() -> None:
    for key, (column, table) in KEYS.items():
        op.create_foreign_key(key, "audit_records", table, [column], ["id"])
    _index_users(where=None)


def _index_users(where: str | None) -> None:
    op.drop_index("audit_records_user_idx", "audit_records")
    op.create_index(
        "audit_records_user_idx",
        "audit_records",
        ["user_id", "id"],
        postgresql_where=None if where is None else sa.text(where),
    )
