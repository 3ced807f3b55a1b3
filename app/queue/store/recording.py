"""Recording outcomes: only while the lease is still ours, many in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, case, exists, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.schema import Table

from app.queue.lanes import Claim, Document, Outcome
from app.queue.models import PENDING, Attempt, Status
from app.queue.store.accepting import EVENT, LANE

ATTEMPT: Table = Attempt.__table__  # type: ignore[attr-defined]  # SQLModel does not type it


async def record(connection: AsyncConnection, batch: list[Outcome], now: datetime) -> list[bool]:
    """True for each outcome that was written; False where the lease was lost."""
    rows = await _lock(connection, batch)
    lanes = {row.id: row for row in rows}
    held = [outcome for outcome in batch if lanes[outcome.claim.lane_id].lease == outcome.claim.lease]
    finished = [outcome for outcome in held if outcome.status not in PENDING]
    for outcome in finished:
        await connection.execute(_finish_events(outcome, now))
    pending = await _still_pending(connection, [outcome.claim.lane_id for outcome in finished])
    for outcome in held:
        values = (
            _parked(outcome, rows, now) if outcome.status in PENDING else _finished(outcome, pending, now)
        )
        await connection.execute(update(LANE).where(LANE.c.id == outcome.claim.lane_id).values(values))
    if attempts := [_attempt_row(outcome) for outcome in held if outcome.attempt]:
        await connection.execute(insert(ATTEMPT), attempts)
    await _wake(connection, [outcome.claim for outcome in held if outcome.status is Status.DELIVERED], now)
    written = {id(outcome) for outcome in held}
    return [id(outcome) in written for outcome in batch]


async def _lock(connection: AsyncConnection, batch: list[Outcome]) -> Sequence[Row[Any]]:
    """Lock our lanes, and those that we are about to wait for: their delivery cannot pass between.

    In the order in which accepting locks them, so that the two never wait for each other.
    """
    wanted: ColumnElement[bool] = LANE.c.id.in_([outcome.claim.lane_id for outcome in batch])
    awaited = [(outcome.claim.connection, *outcome.waiting_on) for outcome in batch if outcome.waiting_on]
    if awaited:
        wanted = or_(wanted, tuple_(LANE.c.connection, LANE.c.kind, LANE.c.key).in_(awaited))
    columns = LANE.c["id", "connection", "kind", "key", "lease", "acknowledged_at"]
    order = (LANE.c.connection, LANE.c.kind, LANE.c.key)
    return (await connection.execute(select(*columns).where(wanted).order_by(*order).with_for_update())).all()


def _finish_events(outcome: Outcome, now: datetime) -> Any:
    """A state kind's claim answers for all older events of its lane; a fact's for itself alone."""
    claim = outcome.claim
    newest = EVENT.c.number == claim.number
    ended = {
        "finished_at": now,
        "status": case((newest, outcome.status.value), else_=Status.SUPERSEDED.value),
        "reason": case((newest, outcome.reason), else_=None),
        "reason_class": case((newest, outcome.reason_class), else_=None),
    }
    covered = EVENT.c.number <= claim.number if claim.is_state else newest
    return (
        update(EVENT)
        .where(EVENT.c.lane_id == claim.lane_id, EVENT.c.finished_at.is_(None), covered)
        .values(ended)
    )


async def _still_pending(connection: AsyncConnection, lane_ids: list[int]) -> set[int]:
    unfinished = exists().where(EVENT.c.lane_id == LANE.c.id, EVENT.c.finished_at.is_(None))
    return set(await connection.scalars(select(LANE.c.id).where(LANE.c.id.in_(lane_ids), unfinished)))


def _finished(outcome: Outcome, pending: set[int], now: datetime) -> Document:
    more = outcome.claim.lane_id in pending
    values: Document = {
        "lease": None,
        "due_at": now if more else None,
        "status": Status.ACCEPTED.value if more else None,
        "since": now,
        "failures": 0,
        "reason": None,
        "reason_class": None,
        "waiting_kind": None,
        "waiting_key": None,
    }
    if outcome.status is Status.DELIVERED:
        values |= {"acknowledged": outcome.fingerprint, "acknowledged_at": now}
        if outcome.claim.is_state:
            values["acknowledged_state"] = outcome.claim.payload
    elif outcome.status is Status.UNCHANGED:
        values["acknowledged"] = outcome.fingerprint
    return values


def _parked(outcome: Outcome, rows: Sequence[Row[Any]], now: datetime) -> Document:
    claim = outcome.claim
    kind, key = outcome.waiting_on or (None, None)
    # It may have arrived while the attempt ran; its lane is locked, so this cannot be missed.
    arrived = any(
        (row.connection, row.kind, row.key) == (claim.connection, kind, key)
        and row.acknowledged_at is not None
        and row.acknowledged_at >= claim.claimed_at
        for row in rows
    )
    return {
        "lease": None,
        "due_at": now if arrived else outcome.due_at,
        "status": outcome.status.value,
        "since": claim.since if claim.status == outcome.status else now,
        "failures": claim.failures + (outcome.status is Status.RETRYING),
        "reason": outcome.reason,
        "reason_class": outcome.reason_class,
        "waiting_kind": kind,
        "waiting_key": key,
    }


def _attempt_row(outcome: Outcome) -> Document:
    assert outcome.attempt is not None
    return {
        "event_id": outcome.claim.event_id,
        "started_at": outcome.attempt.started_at,
        "duration_ms": outcome.attempt.duration_ms,
        "outcome": outcome.status.value,
        "reason": outcome.reason,
        "calls": outcome.attempt.calls,
    }


async def _wake(connection: AsyncConnection, delivered: list[Claim], now: datetime) -> None:
    """All who wait for what was just delivered are due at once."""
    if not delivered:
        return
    arrived = tuple_(LANE.c.connection, LANE.c.waiting_kind, LANE.c.waiting_key).in_(
        sorted((claim.connection, claim.kind, claim.key) for claim in delivered)
    )
    sleeping = (
        select(LANE.c.id)
        .where(arrived, LANE.c.lease.is_(None))
        .order_by(LANE.c.connection, LANE.c.kind, LANE.c.key)
        .with_for_update()
    )
    ids = list(await connection.scalars(sleeping))
    if ids:
        await connection.execute(
            update(LANE).where(and_(LANE.c.id.in_(ids), LANE.c.lease.is_(None))).values(due_at=now)
        )


async def checkpoint(connection: AsyncConnection, claim: Claim, stage: str) -> bool:
    held = await connection.scalars(
        select(LANE.c.id).where(LANE.c.id == claim.lane_id, LANE.c.lease == claim.lease).with_for_update()
    )
    if held.first() is None:
        return False
    await connection.execute(update(EVENT).where(EVENT.c.id == claim.event_id).values(stage=stage))
    return True
