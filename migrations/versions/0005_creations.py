"""creates of brands and categories that were begun, to be read back when their answer is lost"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "creation",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_id", sa.Integer()),
        sa.Column("vtex_id", sa.Integer()),
        sa.PrimaryKeyConstraint("connection", "kind", "code"),
    )
