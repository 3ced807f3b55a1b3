"""items of the orders between start-handling and invoice, which stock may have to leave out"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "open_order_item",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("sku_id", sa.Integer(), nullable=False),
        sa.Column("warehouse", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("checked_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("connection", "order_id", "sku_id", "warehouse"),
    )
    op.create_index("open_order_item_of_sku", "open_order_item", ["connection", "sku_id"])
