"""Waking: who waited for what was just delivered."""

from datetime import datetime

from sqlalchemy import Connection, and_, case, or_, select, update

from app.errors import Waiting
from app.queue.lanes import Claim
from app.queue.models import Status
from app.queue.store.accepting import EVENT, LANE, LOCK_ORDER


def wake(connection: Connection, delivered: list[Claim], now: datetime) -> bool:
    """All who wait for what was just delivered are due at once; those who gave up waiting are revived."""
    if not delivered:
        return False
    # By equality, kind for kind: SQLite would look through all lanes for a list of triples.
    keys: dict[tuple[str, str], list[str]] = {}
    for claim in delivered:
        keys.setdefault((claim.connection, claim.kind), []).append(claim.key)
    arrived = or_(
        *(
            and_(LANE.c.connection == name, LANE.c.waiting_kind == kind, LANE.c.waiting_key.in_(those))
            for (name, kind), those in keys.items()
        )
    )
    sleeping = (
        select(LANE.c.id).where(arrived, LANE.c.lease.is_(None)).order_by(*LOCK_ORDER).with_for_update()
    )
    ids = list(connection.scalars(sleeping))
    if not ids:
        return False
    given_up = EVENT.c.status == Status.FAILED.value, EVENT.c.reason_class == Waiting.reason_class
    opened = {"status": Status.ACCEPTED.value, "reason": None, "reason_class": None, "finished_at": None}
    connection.execute(update(EVENT).where(EVENT.c.lane_id.in_(ids), *given_up).values(opened))
    idle = LANE.c.due_at.is_(None)
    connection.execute(
        update(LANE)
        .where(LANE.c.id.in_(ids))
        .values(
            due_at=now,
            status=case((idle, Status.ACCEPTED.value), else_=LANE.c.status),
            since=case((idle, now), else_=LANE.c.since),
        )
    )
    return True
