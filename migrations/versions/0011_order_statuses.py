"""which statuses of an order were seen, since when an order is awaited, which feed is ours"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "order_read",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("first_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connection", "order_id"),
    )
    op.create_index("order_read_open", "order_read", ["connection", "is_open", "read_at"])
    op.create_table(
        "order_status_seen",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connection", "order_id", "status"),
    )
    op.create_table(
        "configured_feed",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("statuses", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("connection"),
    )
    op.add_column("order_hint", sa.Column("since", sa.DateTime(timezone=True), nullable=True))
    op.drop_column("open_order_item", "checked_at")
