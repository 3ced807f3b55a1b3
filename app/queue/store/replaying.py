"""Replaying: open an event again and make its lane due; and sending anew what was acknowledged."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ScalarSelect, and_, case, delete, func, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.queue.models import Status
from app.queue.personal import must_have_content
from app.queue.store.tables import EVENT, IDEMPOTENCY, LANE, LOCK_ORDER, end_of


async def replay(connection: AsyncConnection, connection_name: str, event_id: UUID, now: datetime) -> bool:
    found = await connection.execute(
        select(*EVENT.c["lane_id", "payload"]).where(
            EVENT.c.id == event_id, EVENT.c.connection == connection_name
        )
    )
    event = found.first()
    if event is None:
        return False
    must_have_content(event.payload)
    lane = (
        await connection.execute(
            select(*LANE.c["id", "is_state"]).where(LANE.c.id == event.lane_id).with_for_update()
        )
    ).one()
    opened = EVENT.c.id == event_id
    if lane.is_state:
        # The lane's state of today is sent, so the newest event that is part of it shares the outcome if it
        # had failed.
        opened = or_(opened, (EVENT.c.number == _newest(lane.id)) & (EVENT.c.status == Status.FAILED.value))
    await connection.execute(
        update(EVENT)
        .where(EVENT.c.lane_id == lane.id, opened)
        .values(
            status=Status.ACCEPTED.value,
            reason=None,
            reason_class=None,
            finished_at=None,
            # What was delivered begins anew; what failed on its way goes on from there.
            stage=case((EVENT.c.status == Status.DELIVERED.value, null()), else_=EVENT.c.stage),
        )
    )
    afresh = {
        "due_at": now,
        "status": Status.ACCEPTED.value,
        "since": now,
        "failures": 0,
        "reason": null(),
        "reason_class": null(),
    }
    idle = LANE.c.lease.is_(None)
    values = {name: case((idle, value), else_=LANE.c[name]) for name, value in afresh.items()}
    await connection.execute(
        update(LANE).where(LANE.c.id == lane.id).values(resend=True, reopened_at=now, crashes=0, **values)
    )
    return True


def _newest(lane_id: int) -> ScalarSelect[int]:
    """What came too late to be folded is no part of the lane's state."""
    other = EVENT.alias("other")
    part = other.c.status != Status.SUPERSEDED.value
    return select(func.max(other.c.number)).where(other.c.lane_id == lane_id, part).scalar_subquery()


async def distrust(connection: AsyncConnection) -> int:
    """What VTEX acknowledged of any state holds no longer; tells how many lanes there are."""
    marked = await connection.execute(update(LANE).where(LANE.c.is_state).values(resend=True))
    return marked.rowcount


async def resend(
    connection: AsyncConnection, connection_name: str, kind: str, prefixes: Iterable[str]
) -> list[str]:
    """What VTEX acknowledged for the keys that begin so holds no longer; tells the keys of the lanes."""
    begins = or_(*(and_(LANE.c.key >= prefix, LANE.c.key < end_of(prefix)) for prefix in sorted(prefixes)))
    # In the order in which accepting locks them; an attempt in flight keeps the mark, whatever it records.
    found = await connection.execute(
        select(*LANE.c["id", "key"])
        .where(LANE.c.connection == connection_name, LANE.c.kind == kind, begins)
        .order_by(*LOCK_ORDER)
        .with_for_update()
    )
    lanes = found.all()
    ids = [lane.id for lane in lanes]
    await connection.execute(update(LANE).where(LANE.c.id.in_(ids)).values(resend=True))
    return [lane.key for lane in lanes]


async def forget(connection: AsyncConnection, connection_name: str, route: str, key: str) -> None:
    identity = (
        IDEMPOTENCY.c.connection == connection_name,
        IDEMPOTENCY.c.route == route,
        IDEMPOTENCY.c.key == key,
    )
    found = (await connection.scalars(select(IDEMPOTENCY.c.event_ids).where(*identity))).first()
    if found is None:
        return
    pending = EVENT.c.id.in_([UUID(each) for each in found]), EVENT.c.finished_at.is_(None)
    if not await connection.scalar(select(func.count()).select_from(EVENT).where(*pending)):
        await connection.execute(delete(IDEMPOTENCY).where(*identity))
