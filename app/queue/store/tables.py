"""The queue's tables as SQLAlchemy Core sees them, and the order in which their rows are locked."""

from sqlalchemy.sql.schema import Table

from app.queue.models import Event, IdempotencyKey, Lane

LANE: Table = Lane.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
EVENT: Table = Event.__table__  # type: ignore[attr-defined]
IDEMPOTENCY: Table = IdempotencyKey.__table__  # type: ignore[attr-defined]

#: All who lock several lanes do it in this order: Python's, and the columns' own.
LOCK_ORDER = (LANE.c.connection, LANE.c.kind, LANE.c.key)


def end_of(prefix: str) -> str:
    """The first key behind all that begin so: keys are compared by code point."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
