"""Recording outcomes: only while the lease is still ours, many in one transaction."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, exists, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.schema import Table

from app.errors import Waiting
from app.queue.lanes import Claim, Document, Outcome, failures_after, since
from app.queue.models import PENDING, Attempt, Status
from app.queue.store.accepting import EVENT, LANE, lock_order

ATTEMPT: Table = Attempt.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
#: What neither JSONB nor UTF-8 can hold: NUL, and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


async def record(connection: AsyncConnection, batch: list[Outcome], now: datetime) -> list[bool]:
    """True for each outcome that was written; False where the lease was lost."""
    batch = [_storable(outcome) for outcome in batch]
    rows = await _lock(connection, batch)
    lanes = {row.id: row for row in rows}
    held = [outcome for outcome in batch if lanes[outcome.claim.lane_id].lease == outcome.claim.lease]
    finished = [outcome for outcome in held if outcome.status not in PENDING]
    for outcome in finished:
        replayed = lanes[outcome.claim.lane_id].resend
        await connection.execute(_finish_events(outcome, now, replayed=replayed))
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
    columns = LANE.c["id", "connection", "kind", "key", "lease", "resend", "acknowledged_at"]
    locked = select(*columns).where(wanted).order_by(*lock_order(connection)).with_for_update()
    return (await connection.execute(locked)).all()


def _finish_events(outcome: Outcome, now: datetime, *, replayed: bool) -> Any:
    """A state kind's claim answers for all older events of its lane; a fact's for itself alone."""
    claim = outcome.claim
    claimed = EVENT.c.id == claim.event_id
    ended = {
        "finished_at": now,
        "status": case((claimed, outcome.status.value), else_=Status.SUPERSEDED.value),
        "reason": case((claimed, outcome.reason), else_=None),
        "reason_class": case((claimed, outcome.reason_class), else_=None),
    }
    # What was opened again during the attempt is to be sent after it.
    covered = EVENT.c.number <= claim.number if claim.is_state and not replayed else claimed
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
    # Who gave up waiting is still to be found by what it waited for.
    kind, key = outcome.waiting_on or (None, None)
    values: Document = {
        "lease": None,
        "due_at": now if more else None,
        "status": Status.ACCEPTED.value if more else None,
        "since": now,
        "failures": 0,
        "reason": None,
        "reason_class": None,
        "waiting_kind": kind,
        "waiting_key": key,
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
        "since": since(outcome, now),
        "failures": failures_after(outcome),
        "reason": outcome.reason,
        "reason_class": outcome.reason_class,
        "waiting_kind": kind,
        "waiting_key": key,
    }


def _storable(outcome: Outcome) -> Outcome:
    attempt = outcome.attempt and replace(outcome.attempt, calls=_readable(outcome.attempt.calls))
    return replace(outcome, reason=_readable(outcome.reason), attempt=attempt)


def _readable(value: Any) -> Any:
    """The other side's answers may hold characters that a database refuses."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_readable(each) for each in value]
    if isinstance(value, dict):
        return {_readable(name): _readable(each) for name, each in value.items()}
    return value


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
    """All who wait for what was just delivered are due at once; those who gave up waiting are revived."""
    if not delivered:
        return
    arrived = tuple_(LANE.c.connection, LANE.c.waiting_kind, LANE.c.waiting_key).in_(
        sorted((claim.connection, claim.kind, claim.key) for claim in delivered)
    )
    sleeping = (
        select(LANE.c.id)
        .where(arrived, LANE.c.lease.is_(None))
        .order_by(*lock_order(connection))
        .with_for_update()
    )
    ids = list(await connection.scalars(sleeping))
    if not ids:
        return
    given_up = EVENT.c.status == Status.FAILED.value, EVENT.c.reason_class == Waiting.reason_class
    opened = {"status": Status.ACCEPTED.value, "reason": None, "reason_class": None, "finished_at": None}
    await connection.execute(update(EVENT).where(EVENT.c.lane_id.in_(ids), *given_up).values(opened))
    idle = LANE.c.due_at.is_(None)
    await connection.execute(
        update(LANE)
        .where(LANE.c.id.in_(ids))
        .values(
            due_at=now,
            status=case((idle, Status.ACCEPTED.value), else_=LANE.c.status),
            since=case((idle, now), else_=LANE.c.since),
        )
    )


async def checkpoint(connection: AsyncConnection, claim: Claim, stage: str) -> bool:
    held = await connection.scalars(
        select(LANE.c.id).where(LANE.c.id == claim.lane_id, LANE.c.lease == claim.lease).with_for_update()
    )
    if held.first() is None:
        return False
    await connection.execute(update(EVENT).where(EVENT.c.id == claim.event_id).values(stage=stage))
    return True
