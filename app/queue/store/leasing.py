"""Leases of what is in flight: renewed together, and given back in order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.queue.lanes import Claim
from app.queue.store.tables import LANE, LOCK_ORDER


async def renew(
    connection: AsyncConnection, claims: Sequence[Claim], until: datetime
) -> set[tuple[int, UUID]]:
    """The (lane, lease) that still hold; the others were recorded or taken over."""
    held = update(LANE).where(LANE.c.id.in_(_held(claims))).values(due_at=until)
    renewed = await connection.execute(held.returning(LANE.c.id, LANE.c.lease))
    return {(row.id, row.lease) for row in renewed}


async def give_back(connection: AsyncConnection, claims: Sequence[Claim], now: datetime) -> None:
    held = LANE.c.id.in_(_held(claims))
    await connection.execute(update(LANE).where(held).values(lease=None, due_at=now))


def _held(claims: Sequence[Claim]) -> Select[Any]:
    """Locked in the order of accepting and recording, so that nobody waits in a circle."""
    # A batch of claims has one token: a lane that another batch of ours took over is not this claim's.
    by_token: dict[UUID, list[int]] = {}
    for claim in claims:
        by_token.setdefault(claim.lease, []).append(claim.lane_id)
    return (
        select(LANE.c.id)
        .where(or_(*((LANE.c.lease == token) & LANE.c.id.in_(ids) for token, ids in by_token.items())))
        .order_by(*LOCK_ORDER)
        .with_for_update()
    )
