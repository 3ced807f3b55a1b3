"""reports of what VTEX has and the ERP did not say, and the other way round"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

Identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "drift_report",
        sa.Column("id", Identity, primary_key=True),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("report", Document, nullable=False),
    )
    op.create_index("ix_drift_report_connection", "drift_report", ["connection"])
