"""leases: the due lanes of each connection and kind, and how often a lane's worker died"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("lane", sa.Column("crashes", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("lane_due", "lane")
    op.create_index(
        "lane_due",
        "lane",
        ["connection", "priority", "kind", "due_at"],
        postgresql_where=_DUE,
        sqlite_where=_DUE,
    )
