"""Claiming: due lanes, at most one of each write target, with leases that end by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, case, exists, func, select, true, union_all, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql.elements import ColumnElement

from app.database import Transaction, Written
from app.database.bulk import among, listed
from app.queue.fairness import Candidate, Chooser
from app.queue.lanes import Claim
from app.queue.store.bounds import rooms
from app.queue.store.heads import first_of_stream, target_in_flight, target_is_ours, with_heads
from app.queue.store.streams import Stream
from app.queue.store.tables import EVENT, LANE

#: Streams that one statement looks into.
_MOST_STREAMS = 32


@dataclass(frozen=True, slots=True)
class Taken:
    claims: list[Claim]
    #: When the next lane comes due that was not yet; none is known: None.
    next_due: datetime | None = None
    #: Something was due and there was room, yet all of it was in other hands.
    contended: bool = False
    #: Something is due that was not taken: a slot or a target that is freed may be what it needs.
    left: bool = False
    #: All that is due was looked at; else only what was accepted here.
    looked: bool = True


def claim(
    transaction: Transaction, due: Sequence[Stream], chooser: Chooser, now: datetime, lease: timedelta
) -> list[Claim]:
    """Lease what the chooser takes of the given streams."""
    by_target: dict[tuple[str, str], Any] = {}
    lanes = _lanes(transaction, rooms(transaction, due, chooser, now), now)
    for row in sorted(lanes, key=lambda row: (row.priority, row.due_at)):
        by_target.setdefault((row.connection, row.target), row)
    candidates = [Candidate(row.id, row.connection, row.target, row.priority) for row in by_target.values()]
    chosen = [each.lane_id for each in chooser.choose(candidates)]
    if not chosen:
        return []
    lane_of = {row.id: row for row in by_target.values()}
    # Younger than the locks: what was accepted before them is seen.
    found = transaction.rows(_heads(transaction.dialect), ids=listed(transaction, chosen))
    heads = {row.id: row for row in found if row.event_id is not None}
    if idle := [each for each in chosen if each not in heads]:
        # Nothing is pending: leased, it would block its target, and come due again for ever.
        transaction.rows(_rest(transaction.dialect), ids=listed(transaction, idle))
    ours = [each for each in chosen if each in heads and heads[each].target_is_ours]
    token = uuid4()
    leased = transaction.rows(
        _lease(transaction.dialect), ids=listed(transaction, ours), token=token, until=now + lease
    )
    crashes = {row.id: row.crashes for row in leased}
    return [_claim(lane_of[each], heads[each], token, now, crashes[each]) for each in ours if each in crashes]


def claim_at_once(
    transaction: Transaction, stream: Stream, room: int, now: datetime, lease: timedelta
) -> list[Claim]:
    """PostgreSQL, where a single stream leaves nothing to choose: the same in one statement.

    It takes all that it finds, or nothing and leaves it to `claim`: where a lease ended, nothing is pending,
    or something was accepted or opened again since the statement began, for it sees no such event.
    """
    token = uuid4()
    claimed = transaction.rows(
        _leased_at_once(), **_of(stream, 0, room), now=now, token=token, until=now + lease
    )
    return [_claim(row, row, token, now, row.crashes) for row in sorted(claimed, key=lambda row: row.due_at)]


def _lanes(transaction: Transaction, room: Mapping[Stream, int], now: datetime) -> list[Any]:
    """Those whose target is free."""
    due = list(room)
    lanes: list[Any] = []
    for start in range(0, len(due), _MOST_STREAMS):
        part = due[start : start + _MOST_STREAMS]
        values: dict[str, Any] = {"now": now}
        for number, stream in enumerate(part):
            values |= _of(stream, number, room[stream])
        lanes += transaction.rows(_firsts(len(part), transaction.dialect), **values)
    return lanes


def _of(stream: Stream, number: int, room: int) -> dict[str, Any]:
    return {
        f"connection_{number}": stream.connection,
        f"priority_{number}": stream.priority,
        f"kind_{number}": stream.kind,
        f"most_{number}": room,
    }


@cache
def _firsts(count: int, dialect: str) -> Written:
    parts = [select(first_of_stream(number).subquery(f"stream_{number}")) for number in range(count)]
    return Written(union_all(*parts), dialect)


@cache
def _heads(dialect: str) -> Written:
    names = ("id", "connection", "target", "is_state")
    lanes: Any = select(*LANE.c[names]).where(among(LANE.c.id, "ids", dialect)).subquery("lanes")
    ours: ColumnElement[Any] = target_is_ours(lanes) if dialect == "postgresql" else true()
    return Written(with_heads(lanes).add_columns(ours.label("target_is_ours")), dialect)


@cache
def _leased_at_once() -> Written:
    first = first_of_stream(0).cte("first")
    of_lane = EVENT.c.lane_id == first.c.id
    # Each step as it stands: the locks of targets are for lanes that are taken.
    whole = (
        select(first)
        .where(
            first.c.lease.is_(None),
            first.c.reopened_at.is_(None),
            exists().where(of_lane, EVENT.c.number == first.c.last_number),
            exists().where(of_lane, EVENT.c.finished_at.is_(None)),
        )
        .cte("whole")
        .prefix_with("MATERIALIZED")
    )
    counted = [select(func.count()).select_from(each).scalar_subquery() for each in (first, whole)]
    chosen = (
        select(whole)
        .where(counted[0] == counted[1])
        .ext(distinct_on(whole.c.connection, whole.c.target))
        .order_by(whole.c.connection, whole.c.target, whole.c.due_at)
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )
    ours = select(chosen).where(target_is_ours(chosen)).cte("ours").prefix_with("MATERIALIZED")
    headed = with_heads(ours).cte("headed")
    leased = update(LANE).where(LANE.c.id == headed.c.id).values(_LEASED).returning(LANE.c.id, LANE.c.crashes)
    taken = leased.cte("leased")
    claimed = select(headed, taken.c.crashes).join(taken, taken.c.id == headed.c.id)
    return Written(claimed, "postgresql")


@cache
def _rest(dialect: str) -> Written:
    idle = update(LANE).where(among(LANE.c.id, "ids", dialect))
    return Written(idle.values(due_at=None, status=None), dialect)


#: The fingerprint goes with the claim: an attempt that ends without an acknowledgement, or dies, has none.
_LEASED: dict[str, Any] = {
    "lease": bindparam("token", type_=LANE.c.lease.type),
    "due_at": bindparam("until", type_=LANE.c.due_at.type),
    "acknowledged": None,
    "resend": False,
    "reopened_at": None,
    "crashes": LANE.c.crashes + case((LANE.c.lease.is_not(None), 1), else_=0),
}


@cache
def _lease(dialect: str) -> Written:
    # Asked again under the targets' locks: another replica may have committed since we looked.
    mine = update(LANE).where(among(LANE.c.id, "ids", dialect), ~target_in_flight())
    return Written(mine.values(_LEASED).returning(LANE.c.id, LANE.c.crashes), dialect)


def _claim(lane: Any, head: Any, token: UUID, now: datetime, crashes: int) -> Claim:
    return Claim(
        lane_id=lane.id,
        lease=token,
        claimed_at=now,
        connection=lane.connection,
        kind=lane.kind,
        key=lane.key,
        is_state=lane.is_state,
        payload=lane.desired if lane.is_state else head.payload,
        event_id=head.event_id,
        number=lane.last_number if lane.is_state else head.number,
        accepted_at=head.accepted_at,
        stage=head.stage,
        acknowledged=None if lane.resend else lane.acknowledged,
        failures=lane.failures,
        status=lane.status,
        since=lane.since or head.accepted_at,
        reason_class=lane.reason_class,
        priority=lane.priority,
        crashes=crashes,
    )
