"""budgets and pauses, shared by all replicas"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "budget",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tokens", sa.Float(53), nullable=False),
        sa.Column("counted_at", sa.Float(53), nullable=False),
        sa.Column("full_at", sa.Float(53), nullable=False),
        sa.Column("rate", sa.Float(53)),
        sa.Column("cut_at", sa.Float(53)),
        sa.PrimaryKeyConstraint("connection", "name"),
    )
    op.create_table(
        "api_pause",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("paused_until", sa.Float(53), nullable=False),
        sa.Column("trips", sa.Integer(), nullable=False),
        sa.Column("probe_until", sa.Float(53)),
        sa.PrimaryKeyConstraint("connection", "scope"),
    )
