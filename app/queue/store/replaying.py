"""Replaying: open an event again and make its lane due."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import case, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.queue.models import Status
from app.queue.store.accepting import EVENT, LANE


async def replay(connection: AsyncConnection, connection_name: str, event_id: UUID, now: datetime) -> bool:
    found = await connection.execute(
        select(EVENT.c.lane_id).where(EVENT.c.id == event_id, EVENT.c.connection == connection_name)
    )
    event = found.first()
    if event is None:
        return False
    lane = (
        await connection.execute(
            select(*LANE.c["id", "is_state", "last_number"])
            .where(LANE.c.id == event.lane_id)
            .with_for_update()
        )
    ).one()
    opened = EVENT.c.id == event_id
    if lane.is_state:
        # The lane's state of today is sent, so its newest event shares the outcome if it had failed.
        opened = or_(opened, (EVENT.c.number == lane.last_number) & (EVENT.c.status == Status.FAILED.value))
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
        update(LANE).where(LANE.c.id == lane.id).values(resend=True, crashes=0, **values)
    )
    return True
