"""when each part of a lane's desired state was said; lanes in one order whatever the database's language"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

Document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("lane", sa.Column("stamps", Document))
    op.add_column("lane", sa.Column("reopened_at", sa.DateTime(timezone=True)))
    # SQLite sorts text so by itself.
    if op.get_bind().dialect.name == "postgresql":
        # One statement: each would build the indexes anew.
        columns = ("connection", "kind", "key")
        op.execute(
            "ALTER TABLE lane " + ", ".join(f'ALTER {name} TYPE varchar COLLATE "C"' for name in columns)
        )
