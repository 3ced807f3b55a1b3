"""the ERP's own numbers of VTEX's orders"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "order_reference",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("erp_order_ref", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "order_id"),
    )
