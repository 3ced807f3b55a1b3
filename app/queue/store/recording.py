"""Recording outcomes: only while the lease is still ours, many in one transaction."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Update, exists, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.schema import Table

from app.queue.lanes import Claim, Document, Outcome, failures_after, since
from app.queue.models import PENDING, Attempt, Status
from app.queue.store.accepting import EVENT, LANE, LOCK_ORDER
from app.queue.store.bulk import given, insert_rows, parameter
from app.queue.store.waking import wake

ATTEMPT: Table = Attempt.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
#: What neither JSONB nor UTF-8 can hold: NUL, and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def record(connection: Connection, batch: list[Outcome], now: datetime) -> tuple[list[bool], bool]:
    """True for each outcome that was written, False where the lease was lost; and whether anything is due.

    Some statements for the whole batch, none for each outcome: this is the hot path.
    """
    batch = [_storable(outcome) for outcome in batch]
    rows = _lock(connection, batch)
    lanes = {row.id: row for row in rows}
    held = [outcome for outcome in batch if lanes[outcome.claim.lane_id].lease == outcome.claim.lease]
    finished = [outcome for outcome in held if outcome.status not in PENDING]
    pending = _finish_events(connection, finished, lanes, now)
    delivered_at = {(row.connection, row.kind, row.key): row.acknowledged_at for row in rows}
    _write_lanes(
        connection,
        [
            _parked(outcome, delivered_at, now)
            if outcome.status in PENDING
            else _finished(outcome, pending, now)
            for outcome in held
        ],
    )
    insert_rows(connection, ATTEMPT, [_attempt_row(outcome) for outcome in held if outcome.attempt])
    delivered = [outcome.claim for outcome in held if outcome.status is Status.DELIVERED]
    woken = wake(connection, delivered, now)
    written = {id(outcome) for outcome in held}
    return [id(outcome) in written for outcome in batch], woken or bool(pending)


def _lock(connection: Connection, batch: list[Outcome]) -> Sequence[Row[Any]]:
    """Lock our lanes, and those that we are about to wait for: their delivery cannot pass between.

    In the order in which accepting locks them, so that the two never wait for each other.
    """
    wanted: ColumnElement[bool] = LANE.c.id.in_([outcome.claim.lane_id for outcome in batch])
    awaited = [(outcome.claim.connection, *outcome.waiting_on) for outcome in batch if outcome.waiting_on]
    if awaited:
        wanted = or_(wanted, tuple_(LANE.c.connection, LANE.c.kind, LANE.c.key).in_(awaited))
    columns = LANE.c["id", "connection", "kind", "key", "lease", "reopened_at", "acknowledged_at"]
    locked = select(*columns).where(wanted).order_by(*LOCK_ORDER).with_for_update()
    return (connection.execute(locked)).all()


@cache
def _end_claimed(names: tuple[str, ...], dialect: str) -> Update:
    ended = given(EVENT, names, dialect)
    values = {name: ended[name] for name in names if name != "id"}
    return update(EVENT).where(EVENT.c.id == ended["id"], EVENT.c.finished_at.is_(None)).values(values)


@cache
def _supersede_older(names: tuple[str, ...], dialect: str) -> Update:
    newest = given(EVENT, names, dialect)
    older = EVENT.c.lane_id == newest["lane_id"], EVENT.c.number < newest["number"]
    return (
        update(EVENT)
        .where(*older, EVENT.c.finished_at.is_(None))
        .values(finished_at=newest["finished_at"], status=Status.SUPERSEDED.value)
    )


@cache
def _write_lane(names: tuple[str, ...], dialect: str) -> Update:
    written = given(LANE, names, dialect)
    values = {name: written[name] for name in names if name != "id"}
    return update(LANE).where(LANE.c.id == written["id"]).values(values)


def _finish_events(
    connection: Connection, finished: list[Outcome], lanes: Mapping[int, Row[Any]], now: datetime
) -> set[int]:
    """A state kind's claim answers for all older events of its lane; a fact's for itself alone.

    The lanes in which something is still pending.
    """
    if not finished:
        return set()
    ends = [
        {
            "id": outcome.claim.event_id,
            "finished_at": now,
            "status": outcome.status.value,
            "reason": outcome.reason,
            "reason_class": outcome.reason_class,
        }
        for outcome in finished
    ]
    dialect = connection.dialect.name
    connection.execute(_end_claimed(tuple(ends[0]), dialect), parameter(connection, EVENT, ends))
    older = [
        {"lane_id": claim.lane_id, "number": claim.number, "finished_at": now}
        for claim in (outcome.claim for outcome in finished)
        # What was opened again during the attempt is to be sent after it.
        if claim.is_state and claim.number > 1 and lanes[claim.lane_id].reopened_at is None
    ]
    if older:
        connection.execute(_supersede_older(tuple(older[0]), dialect), parameter(connection, EVENT, older))
    unfinished = exists().where(EVENT.c.lane_id == LANE.c.id, EVENT.c.finished_at.is_(None))
    ids = [outcome.claim.lane_id for outcome in finished]
    return set(connection.scalars(select(LANE.c.id).where(LANE.c.id.in_(ids), unfinished)))


def _write_lanes(connection: Connection, written: list[Document]) -> None:
    """One statement for all that set the same columns."""
    alike: dict[tuple[str, ...], list[Document]] = {}
    for values in written:
        alike.setdefault(tuple(values), []).append(values)
    for names, rows in alike.items():
        statement = _write_lane(names, connection.dialect.name)
        connection.execute(statement, parameter(connection, LANE, rows))


def _finished(outcome: Outcome, pending: set[int], now: datetime) -> Document:
    more = outcome.claim.lane_id in pending
    # Who gave up waiting is still to be found by what it waited for.
    kind, key = outcome.waiting_on or (None, None)
    values: Document = {
        "id": outcome.claim.lane_id,
        "lease": None,
        "crashes": 0,
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


def _parked(
    outcome: Outcome, delivered_at: Mapping[tuple[str, str, str], datetime | None], now: datetime
) -> Document:
    claim = outcome.claim
    kind, key = outcome.waiting_on or ("", "")
    # It may have arrived while the attempt ran; its lane is locked, so this cannot be missed.
    at = delivered_at.get((claim.connection, kind, key))
    arrived = at is not None and at >= claim.claimed_at
    return {
        "id": claim.lane_id,
        "lease": None,
        "crashes": 0,
        "due_at": now if arrived else outcome.due_at,
        "status": outcome.status.value,
        "since": since(outcome, now),
        "failures": failures_after(outcome),
        "reason": outcome.reason,
        "reason_class": outcome.reason_class,
        "waiting_kind": kind or None,
        "waiting_key": key or None,
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


async def checkpoint(connection: AsyncConnection, claim: Claim, stage: str) -> bool:
    held = await connection.scalars(
        select(LANE.c.id).where(LANE.c.id == claim.lane_id, LANE.c.lease == claim.lease).with_for_update()
    )
    if held.first() is None:
        return False
    await connection.execute(update(EVENT).where(EVENT.c.id == claim.event_id).values(stage=stage))
    return True
