"""Claiming: due lanes by priority, at most one of each write target, with leases that end by themselves."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, case, exists, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.queue.lanes import Claim
from app.queue.models import Status
from app.queue.store.accepting import EVENT, LANE

#: Orders and invoices, stock, prices, catalogue: each class is its own range of the partial index.
PRIORITIES = (0, 1, 2, 3)


async def claim(connection: AsyncConnection, most: int, now: datetime, lease: timedelta) -> list[Claim]:
    candidates: list[Row[Any]] = []
    for priority in PRIORITIES:
        if len(candidates) < most:
            candidates += await connection.execute(_due(priority, most - len(candidates), now))
    lanes = {(row.connection, row.target): row for row in reversed(candidates)}
    if not lanes:
        return []
    token = uuid4()
    ids = [row.id for row in lanes.values()]
    # The fingerprint goes with the claim: an attempt that ends without an acknowledgement, or dies, has none.
    await connection.execute(
        update(LANE)
        .where(LANE.c.id.in_(ids))
        .values(lease=token, due_at=now + lease, acknowledged=None, resend=False)
    )
    events = {row.lane_id: row for row in await connection.execute(_heads(ids))}
    return [_claim(row, events[row.id], token, now) for row in lanes.values() if row.id in events]


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
    )


async def release(connection: AsyncConnection, claims: list[Claim], now: datetime) -> None:
    held = tuple_(LANE.c.id, LANE.c.lease).in_([(claim.lane_id, claim.lease) for claim in claims])
    if claims:
        await connection.execute(
            update(LANE).where(held).values(lease=None, due_at=now, status=Status.ACCEPTED.value)
        )
