"""Claiming: due lanes by priority, at most one of each write target, with leases that end by themselves."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, case, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.queue.lanes import Claim
from app.queue.store.accepting import EVENT, LANE

#: Orders and invoices, stock, prices, catalogue: each class is its own range of the partial index.
PRIORITIES = (0, 1, 2, 3)


async def claim(connection: AsyncConnection, most: int, now: datetime, lease: timedelta) -> list[Claim]:
    candidates: list[Row[Any]] = []
    for priority in PRIORITIES:
        if len(candidates) < most:
            candidates += await connection.execute(_due(priority, most - len(candidates), now))
    by_target: dict[tuple[str, str], Row[Any]] = {}
    for row in candidates:
        by_target.setdefault((row.connection, row.target), row)
    if not by_target:
        return []
    lanes = list(by_target.values())
    events = {row.lane_id: row for row in await connection.execute(_heads([lane.id for lane in lanes]))}
    if idle := [lane.id for lane in lanes if lane.id not in events]:
        # Nothing is pending: leased, it would block its target, and come due again for ever.
        await connection.execute(update(LANE).where(LANE.c.id.in_(idle)).values(due_at=None, status=None))
    token = uuid4()
    # The fingerprint goes with the claim: an attempt that ends without an acknowledgement, or dies, has none.
    await connection.execute(
        update(LANE)
        .where(LANE.c.id.in_(list(events)))
        .values(lease=token, due_at=now + lease, acknowledged=None, resend=False, reopened_at=None)
    )
    return [_claim(lane, events[lane.id], token, now) for lane in lanes if lane.id in events]


def _due(priority: int, most: int, now: datetime) -> Select[Any]:
    other = LANE.alias("other")
    target_in_flight = exists().where(
        other.c.connection == LANE.c.connection,
        other.c.target == LANE.c.target,
        other.c.lease.is_not(None),
        other.c.id != LANE.c.id,
    )
    return (
        select(LANE)
        .where(LANE.c.priority == priority, LANE.c.due_at <= now, ~target_in_flight)
        .order_by(LANE.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=LANE)
    )


def _heads(lane_ids: list[int]) -> Select[Any]:
    """The event that each lane's claim answers for: a state's newest, a fact's oldest."""
    pending = EVENT.alias("pending")
    number = (
        select(case((LANE.c.is_state, func.max(pending.c.number)), else_=func.min(pending.c.number)))
        .where(pending.c.lane_id == LANE.c.id, pending.c.finished_at.is_(None))
        .scalar_subquery()
    )
    return (
        select(*EVENT.c["lane_id", "id", "number", "payload", "accepted_at", "stage"])
        .join(LANE, EVENT.c.lane_id == LANE.c.id)
        .where(LANE.c.id.in_(lane_ids), EVENT.c.number == number)
    )


def _claim(lane: Row[Any], event: Row[Any], token: UUID, now: datetime) -> Claim:
    return Claim(
        lane_id=lane.id,
        lease=token,
        claimed_at=now,
        connection=lane.connection,
        kind=lane.kind,
        key=lane.key,
        is_state=lane.is_state,
        payload=lane.desired if lane.is_state else event.payload,
        event_id=event.id,
        number=lane.last_number if lane.is_state else event.number,
        accepted_at=event.accepted_at,
        stage=event.stage,
        acknowledged=None if lane.resend else lane.acknowledged,
        failures=lane.failures,
        status=lane.status,
        since=lane.since or event.accepted_at,
        reason_class=lane.reason_class,
    )
