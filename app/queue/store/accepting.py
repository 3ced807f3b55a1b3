"""Accepting: number the events under their lanes' locks, fold the state kinds, store all in one go."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import case, exists, false, func, literal, update
from sqlalchemy.sql.elements import ColumnElement

from app.database import Transaction, Written
from app.database.bulk import Rows, Together, among, insertion, listed
from app.queue.folding import Registers, Said, Saying, moment, saying
from app.queue.lanes import Document, NewEvent, Submission
from app.queue.models import Status
from app.queue.store.idempotency import Accepted, answered_before, bound_now
from app.queue.store.tables import EVENT, LANE

LaneKey = tuple[str, str, str]


#: What a lane begins with; of a known one only what `_begin_or_go_on` names is taken.
_BEGUN = Rows(
    "lanes",
    LANE,
    *("connection", "kind", "key", "target", "priority", "is_state", "last_number", "desired", "stamps"),
)
_FOLDED = Rows("folds", LANE, "id", "desired", "stamps")
_NEW_EVENTS = Rows(
    "events",
    EVENT,
    *("id", "connection", "kind", "key", "lane_id", "number", "payload", "status", "reason"),
    "finished_at",
)


def accept(transaction: Transaction, batch: list[Submission], now: datetime) -> list[Accepted | Exception]:
    answers = answered_before(transaction, batch, now)
    fresh = [submission for submission, answer in zip(batch, answers, strict=True) if answer is None]
    lanes: dict[LaneKey, list[NewEvent]] = defaultdict(list)
    for submission in fresh:
        for event in submission.events:
            lanes[submission.connection, event.kind, event.key].append(event)
    if lanes:
        _store(transaction, dict(sorted(lanes.items())), now)
    return [
        answer or Accepted(tuple(event.id for event in submission.events))
        for submission, answer in zip(batch, answers, strict=True)
    ]


@cache
def _begin_or_go_on(dialect: str) -> Written:
    now = bound_now()
    begun: dict[str, ColumnElement[Any]] = {
        "resend": false(),
        "status": literal(Status.ACCEPTED.value),
        "failures": literal(0),
    }
    statement = insertion(LANE, _BEGUN, dialect, **begun, since=now, due_at=now)
    is_idle = LANE.c.due_at.is_(None)
    statement = statement.on_conflict_do_update(
        index_elements=["connection", "kind", "key"],
        set_={
            "last_number": LANE.c.last_number + statement.excluded.last_number,
            "due_at": func.coalesce(LANE.c.due_at, statement.excluded.due_at),
            "status": case((is_idle, Status.ACCEPTED.value), else_=LANE.c.status),
            "since": case((is_idle, statement.excluded.since), else_=LANE.c.since),
            "failures": case((is_idle, 0), else_=LANE.c.failures),
        },
    )
    returned = LANE.c["id", "connection", "kind", "key", "last_number", "desired", "stamps"]
    return Written(statement.returning(*returned), dialect)


def _set_desired(dialect: str) -> Any:
    new = _FOLDED.columns(dialect)
    values = {name: new[name] for name in ("desired", "stamps")}
    return update(LANE).where(LANE.c.id == new["id"]).values(values)


def _insert_events(dialect: str) -> Any:
    return insertion(EVENT, _NEW_EVENTS, dialect, accepted_at=bound_now())


_STORE = Together(_insert_events, _set_desired)


@cache
def _rest_if_idle(dialect: str) -> Written:
    """Nothing new is to be sent: what only the accepting had made due is idle again."""
    pending = exists().where(EVENT.c.lane_id == LANE.c.id, EVENT.c.finished_at.is_(None))
    idle = update(LANE).where(among(LANE.c.id, "ids", dialect), ~pending)
    return Written(idle.values(due_at=None, status=None), dialect)


def _store(transaction: Transaction, lanes: dict[LaneKey, list[NewEvent]], now: datetime) -> None:
    """Lanes come sorted: two transactions lock their common rows in the same order."""
    accepted = Saying(moment(now))
    begun = {lane: _fold(Registers(), arrived, accepted) for lane, arrived in lanes.items()}
    new_rows = [_lane_row(lane, arrived, begun[lane]) for lane, arrived in lanes.items()]
    dialect = transaction.dialect
    locked = transaction.rows(_begin_or_go_on(dialect), **_BEGUN.document(transaction, new_rows), now=now)
    events, folds, idle = [], [], []
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
            stored = _event_row(row, event, number)
            if event.id in said_anew:
                stored |= _superseded(said_anew[event.id], now)
            events.append(stored)
    documents = _NEW_EVENTS.document(transaction, events) | _FOLDED.document(transaction, folds)
    _STORE.run(transaction, documents | {"now": now})
    if idle:
        transaction.rows(_rest_if_idle(dialect), ids=listed(transaction, idle))


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


def _lane_row(lane: LaneKey, arrived: list[NewEvent], begun: tuple[Registers, object]) -> Document:
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
    }


def _event_row(lane: Any, event: NewEvent, number: int) -> Document:
    return {
        "id": event.id,
        "connection": lane.connection,
        "kind": lane.kind,
        "key": lane.key,
        "lane_id": lane.id,
        "number": number,
        "payload": event.payload,
        "status": Status.ACCEPTED.value,
    }
