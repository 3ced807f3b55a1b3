"""the first schema"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

Identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Moment = sa.DateTime(timezone=True)

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("revoked_at", Moment),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_index("ix_api_key_connection", "api_key", ["connection"])
    op.create_table(
        "binding",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("vtex_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "kind", "code"),
    )
    op.create_index("ix_binding_vtex_id", "binding", ["vtex_id"])
    op.create_table(
        "idempotency_key",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("event_ids", Document, nullable=False),
        sa.Column("expires_at", Moment),
        sa.PrimaryKeyConstraint("connection", "route", "key"),
    )
    op.create_index("ix_idempotency_key_expires_at", "idempotency_key", ["expires_at"])
    op.create_table(
        "lane",
        sa.Column("id", Identity, nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("is_state", sa.Boolean(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("desired", Document),
        sa.Column("acknowledged", sa.String()),
        sa.Column("acknowledged_state", Document),
        sa.Column("acknowledged_at", Moment),
        sa.Column("resend", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String()),
        sa.Column("reason", sa.Text()),
        sa.Column("reason_class", sa.String()),
        sa.Column("since", Moment),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("waiting_kind", sa.String()),
        sa.Column("waiting_key", sa.String()),
        sa.Column("due_at", Moment),
        sa.Column("lease", sa.Uuid()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "lane_due",
        "lane",
        ["priority", "due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("lane_identity", "lane", ["connection", "kind", "key"], unique=True)
    op.create_index(
        "lane_in_flight",
        "lane",
        ["connection", "target"],
        unique=True,
        postgresql_where=sa.text("lease IS NOT NULL"),
        sqlite_where=sa.text("lease IS NOT NULL"),
    )
    op.create_index(
        "lane_waiting",
        "lane",
        ["connection", "waiting_kind", "waiting_key"],
        postgresql_where=sa.text("waiting_kind IS NOT NULL"),
        sqlite_where=sa.text("waiting_kind IS NOT NULL"),
    )
    op.create_table(
        "order_hint",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("state", sa.String()),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("connection", "order_id"),
    )
    op.create_index("ix_order_hint_due_at", "order_hint", ["due_at"])
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("lane_id", Identity, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("payload", Document, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("reason_class", sa.String()),
        sa.Column("stage", sa.String()),
        sa.Column("accepted_at", Moment, nullable=False),
        sa.Column("finished_at", Moment),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("event_by_connection", "event", ["connection", "id"])
    op.create_index("event_order", "event", ["lane_id", "number"], unique=True)
    op.create_index(
        "event_pending",
        "event",
        ["lane_id", "number"],
        postgresql_where=sa.text("finished_at IS NULL"),
        sqlite_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", Identity, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("calls", Document, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attempt_event_id", "attempt", ["event_id"])
