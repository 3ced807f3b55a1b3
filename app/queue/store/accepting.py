"""Accepting: number the events under their lanes' locks, fold the state kinds, store all in one go."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, false, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.schema import Table

from app.errors import BridgeError
from app.queue.lanes import Document, NewEvent, Submission
from app.queue.models import Event, IdempotencyKey, Lane, Status

LANE: Table = Lane.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
EVENT: Table = Event.__table__  # type: ignore[attr-defined]
IDEMPOTENCY: Table = IdempotencyKey.__table__  # type: ignore[attr-defined]

LaneKey = tuple[str, str, str]
Upsert = Callable[[Table], Any]


class IdempotencyConflict(BridgeError):
    """The key was used for another body."""


@dataclass(frozen=True, slots=True)
class Accepted:
    event_ids: tuple[UUID, ...]
    repeated: bool = False


def lock_order(connection: AsyncConnection) -> list[ColumnElement[str]]:
    """The order in which `accept` locks lanes: Python's, which PostgreSQL calls the collation C."""
    columns = [LANE.c.connection, LANE.c.kind, LANE.c.key]
    if connection.dialect.name == "sqlite":
        return [*columns]
    return [column.collate("C") for column in columns]


async def accept(
    connection: AsyncConnection, upsert: Upsert, batch: list[Submission], now: datetime
) -> list[Accepted | Exception]:
    answers = await _answered_before(connection, upsert, batch, now)
    fresh = [submission for submission, answer in zip(batch, answers, strict=True) if answer is None]
    lanes: dict[LaneKey, list[NewEvent]] = defaultdict(list)
    for submission in fresh:
        for event in submission.events:
            lanes[submission.connection, event.kind, event.key].append(event)
    if lanes:
        await _store(connection, upsert, dict(sorted(lanes.items())), now)
    return [
        answer or Accepted(tuple(event.id for event in submission.events))
        for submission, answer in zip(batch, answers, strict=True)
    ]


async def _store(
    connection: AsyncConnection, upsert: Upsert, lanes: dict[LaneKey, list[NewEvent]], now: datetime
) -> None:
    """Lanes come sorted: two transactions lock their common rows in the same order."""
    new_rows = [_lane_row(lane, events, now) for lane, events in lanes.items()]
    statement = upsert(LANE)
    locked = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["connection", "kind", "key"],
            set_={
                "last_number": LANE.c.last_number + statement.excluded.last_number,
                "due_at": func.coalesce(LANE.c.due_at, statement.excluded.due_at),
                "status": case((LANE.c.due_at.is_(None), Status.ACCEPTED.value), else_=LANE.c.status),
                "since": case((LANE.c.due_at.is_(None), statement.excluded.since), else_=LANE.c.since),
                "failures": case((LANE.c.due_at.is_(None), 0), else_=LANE.c.failures),
            },
        ).returning(
            *(LANE.c[name] for name in ("id", "connection", "kind", "key", "last_number", "desired"))
        ),
        new_rows,
    )
    events, folds = [], []
    for row in locked:
        arrived = lanes[row.connection, row.kind, row.key]
        first = row.last_number - len(arrived) + 1
        events += [_event_row(row, event, first + place, now) for place, event in enumerate(arrived)]
        if first > 1 and arrived[0].fold is not None:
            folds.append({"lane_id": row.id, "folded": _folded(row.desired or {}, arrived)})
    await connection.execute(insert(EVENT), events)
    if folds:
        statement = update(LANE).where(LANE.c.id == bindparam("lane_id")).values(desired=bindparam("folded"))
        await connection.execute(statement, folds)


def _folded(desired: Document, arrived: Sequence[NewEvent]) -> Document:
    for event in arrived:
        assert event.fold is not None
        desired = event.fold(desired, event.payload)
    return desired


def _lane_row(lane: LaneKey, arrived: list[NewEvent], now: datetime) -> Document:
    connection, kind, key = lane
    is_state = arrived[0].fold is not None
    return {
        "connection": connection,
        "kind": kind,
        "key": key,
        "target": arrived[0].target,
        "priority": arrived[0].priority,
        "is_state": is_state,
        "last_number": len(arrived),
        "desired": _folded({}, arrived) if is_state else None,
        "resend": False,
        "status": Status.ACCEPTED.value,
        "since": now,
        "failures": 0,
        "due_at": now,
    }


def _event_row(lane: Any, event: NewEvent, number: int, now: datetime) -> Document:
    return {
        "id": event.id,
        "connection": lane.connection,
        "kind": lane.kind,
        "key": lane.key,
        "lane_id": lane.id,
        "number": number,
        "payload": event.payload,
        "status": Status.ACCEPTED.value,
        "accepted_at": now,
    }


async def _answered_before(
    connection: AsyncConnection, upsert: Upsert, batch: list[Submission], now: datetime
) -> list[Accepted | Exception | None]:
    """Claim each idempotency key; None for the submissions that are new."""
    keyed = {(s.connection, s.route, s.idempotency_key): s for s in reversed(batch) if s.idempotency_key}
    if not keyed:
        return [None] * len(batch)
    rows = [
        {
            "connection": s.connection,
            "route": s.route,
            "key": s.idempotency_key,
            "body_sha256": s.body_sha256,
            "event_ids": [str(event.id) for event in s.events],
            "expires_at": None if s.idempotency_life is None else now + s.idempotency_life,
        }
        for _, s in sorted(keyed.items(), key=lambda item: str(item[0]))
    ]
    statement = upsert(IDEMPOTENCY)
    # An expired key is taken over in place; a living one is only locked and read.
    expired = func.coalesce(IDEMPOTENCY.c.expires_at < now, false())
    taken = {name: statement.excluded[name] for name in ("body_sha256", "event_ids", "expires_at")}
    kept = {name: case((expired, value), else_=IDEMPOTENCY.c[name]) for name, value in taken.items()}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["connection", "route", "key"], set_=kept), rows
    )
    identity = tuple_(IDEMPOTENCY.c.connection, IDEMPOTENCY.c.route, IDEMPOTENCY.c.key)
    known = await connection.execute(select(IDEMPOTENCY).where(identity.in_(list(keyed))))
    standing = {(row.connection, row.route, row.key): row for row in known}
    return [
        _answer(standing[s.connection, s.route, s.idempotency_key], s) if s.idempotency_key else None
        for s in batch
    ]


def _answer(row: Any, submission: Submission) -> Accepted | Exception | None:
    if row.event_ids == [str(event.id) for event in submission.events]:
        return None
    if row.body_sha256 != submission.body_sha256:
        return IdempotencyConflict("this Idempotency-Key was used for another body")
    return Accepted(tuple(UUID(each) for each in row.event_ids), repeated=True)
