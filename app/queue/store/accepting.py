"""Accepting: number the events under their lanes' locks, fold the state kinds, store all in one go."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Update, case, exists, false, func, select, tuple_, update
from sqlalchemy.sql.schema import Table

from app.errors import BridgeError
from app.queue.folding import Registers, Said, Saying, moment, saying
from app.queue.lanes import Document, NewEvent, Submission
from app.queue.models import Event, IdempotencyKey, Lane, Status
from app.queue.store.bulk import given, insert_rows, insertion, parameter

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


#: The order in which `accept` locks lanes: Python's, and the columns' own.
LOCK_ORDER = (LANE.c.connection, LANE.c.kind, LANE.c.key)


def accept(
    connection: Connection, upsert: Upsert, batch: list[Submission], now: datetime
) -> list[Accepted | Exception]:
    answers = _answered_before(connection, upsert, batch, now)
    fresh = [submission for submission, answer in zip(batch, answers, strict=True) if answer is None]
    lanes: dict[LaneKey, list[NewEvent]] = defaultdict(list)
    for submission in fresh:
        for event in submission.events:
            lanes[submission.connection, event.kind, event.key].append(event)
    if lanes:
        _store(connection, dict(sorted(lanes.items())), now)
    return [
        answer or Accepted(tuple(event.id for event in submission.events))
        for submission, answer in zip(batch, answers, strict=True)
    ]


@cache
def _begin_or_go_on(names: tuple[str, ...], dialect: str) -> Any:
    statement = insertion(LANE, names, dialect)
    is_idle = LANE.c.due_at.is_(None)
    return statement.on_conflict_do_update(
        index_elements=["connection", "kind", "key"],
        set_={
            "last_number": LANE.c.last_number + statement.excluded.last_number,
            "due_at": func.coalesce(LANE.c.due_at, statement.excluded.due_at),
            "status": case((is_idle, Status.ACCEPTED.value), else_=LANE.c.status),
            "since": case((is_idle, statement.excluded.since), else_=LANE.c.since),
            "failures": case((is_idle, 0), else_=LANE.c.failures),
        },
    ).returning(*LANE.c["id", "connection", "kind", "key", "last_number", "desired", "stamps"])


@cache
def _set_desired(dialect: str) -> Update:
    new = given(LANE, ("id", "desired", "stamps"), dialect)
    return update(LANE).where(LANE.c.id == new["id"]).values(desired=new["desired"], stamps=new["stamps"])


def _store(connection: Connection, lanes: dict[LaneKey, list[NewEvent]], now: datetime) -> None:
    """Lanes come sorted: two transactions lock their common rows in the same order."""
    accepted = Saying(moment(now))
    begun = {lane: _fold(Registers(), arrived, accepted) for lane, arrived in lanes.items()}
    new_rows = [_lane_row(lane, arrived, begun[lane], now) for lane, arrived in lanes.items()]
    statement = _begin_or_go_on(tuple(new_rows[0]), connection.dialect.name)
    locked = connection.execute(statement, parameter(connection, LANE, new_rows))
    events, late, folds, idle = [], [], [], []
    for row in locked:
        lane = row.connection, row.kind, row.key
        arrived, (registers, said_anew) = lanes[lane], begun[lane]
        first = row.last_number - len(arrived) + 1
        if first > 1 and arrived[0].fold is not None:
            registers, said_anew = _fold(Registers(row.desired, row.stamps), arrived, accepted)
            if len(said_anew) < len(arrived):
                folds.append({"id": row.id, "desired": registers.desired, "stamps": registers.stamps})
            else:
                idle.append(row.id)
        for number, event in enumerate(arrived, first):
            stored = _event_row(row, event, number, now)
            if event.id in said_anew:
                late.append(stored | _superseded(said_anew[event.id], now))
            else:
                events.append(stored)
    for stored_alike in (events, late):
        insert_rows(connection, EVENT, stored_alike)
    if folds:
        connection.execute(_set_desired(connection.dialect.name), parameter(connection, LANE, folds))
    if idle:
        connection.execute(_rest(idle))


def _fold(
    registers: Registers, arrived: Sequence[NewEvent], accepted: Saying
) -> tuple[Registers, dict[UUID, Said]]:
    """Also the events of which nothing was folded, and when what they say was said anew."""
    said_anew: dict[UUID, Said] = {}
    for event in arrived:
        if event.fold is not None:
            folded = event.fold(registers, event.payload, saying(event.payload, accepted))
            if folded.said_anew is not None:
                said_anew[event.id] = folded.said_anew
    return registers, said_anew


def _superseded(said_anew: Said, now: datetime) -> Document:
    when = f"at {said_anew}" if isinstance(said_anew, str) else f"in version {said_anew}"
    reason = f"what it says was said anew {when}, before it came"
    return {"status": Status.SUPERSEDED.value, "reason": reason, "finished_at": now}


def _rest(lane_ids: list[int]) -> Update:
    """Nothing new is to be sent: what only the accepting had made due is idle again."""
    pending = exists().where(EVENT.c.lane_id == LANE.c.id, EVENT.c.finished_at.is_(None))
    return update(LANE).where(LANE.c.id.in_(lane_ids), ~pending).values(due_at=None, status=None)


def _lane_row(
    lane: LaneKey, arrived: list[NewEvent], begun: tuple[Registers, object], now: datetime
) -> Document:
    connection, kind, key = lane
    is_state = arrived[0].fold is not None
    registers, _ = begun
    return {
        "connection": connection,
        "kind": kind,
        "key": key,
        "target": arrived[0].target,
        "priority": arrived[0].priority,
        "is_state": is_state,
        "last_number": len(arrived),
        "desired": registers.desired if is_state else None,
        "stamps": registers.stamps if is_state else None,
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


def _answered_before(
    connection: Connection, upsert: Upsert, batch: list[Submission], now: datetime
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
    connection.execute(
        statement.on_conflict_do_update(index_elements=["connection", "route", "key"], set_=kept), rows
    )
    identity = tuple_(IDEMPOTENCY.c.connection, IDEMPOTENCY.c.route, IDEMPOTENCY.c.key)
    known = connection.execute(select(IDEMPOTENCY).where(identity.in_(list(keyed))))
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
