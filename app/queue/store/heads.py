"""Heads: due lanes whose target is free, each with the event that its claim answers for."""

from typing import Any

from sqlalchemy import Select, and_, bindparam, case, exists, func, literal, select
from sqlalchemy.sql.elements import ColumnElement

from app.queue.store.streams import ONE
from app.queue.store.tables import EVENT, LANE

_OF_LANE = (
    *("id", "connection", "kind", "key", "target", "priority", "due_at", "is_state", "last_number"),
    *("desired", "acknowledged", "resend", "status", "reason_class", "since", "failures"),
    *("lease", "reopened_at"),
)


def target_in_flight() -> ColumnElement[bool]:
    """By another lane; an ended lease holds its target until its own lane is done."""
    other = LANE.alias("other")
    return exists().where(
        other.c.connection == LANE.c.connection,
        other.c.target == LANE.c.target,
        other.c.lease.is_not(None),
        other.c.id != LANE.c.id,
    )


def first_of_stream(number: int) -> Select[Any]:
    """Locked, so that another replica looks past them; its parameters end in the number."""
    return (
        select(*LANE.c[_OF_LANE])
        .where(
            LANE.c.connection == bindparam(f"connection_{number}"),
            LANE.c.priority == bindparam(f"priority_{number}"),
            LANE.c.kind == bindparam(f"kind_{number}"),
            LANE.c.due_at <= bindparam("now"),
            ~target_in_flight(),
        )
        .order_by(LANE.c.due_at)
        .limit(bindparam(f"most_{number}"))
        .with_for_update(skip_locked=True, of=LANE)
    )


def with_heads(lanes: Any) -> Select[Any]:
    """With a state's newest pending event, a fact's oldest; none where nothing is pending."""
    pending = EVENT.alias("pending")
    unfinished = pending.c.lane_id == lanes.c.id, pending.c.finished_at.is_(None)
    numbers = select(pending.c.number).where(*unfinished).correlate(lanes)
    newest = numbers.order_by(pending.c.number.desc()).limit(ONE).scalar_subquery()
    oldest = numbers.order_by(pending.c.number).limit(ONE).scalar_subquery()
    number = case((lanes.c.is_state, newest), else_=oldest)
    event = (EVENT.c.id.label("event_id"), *EVENT.c["number", "payload", "accepted_at", "stage"])
    joined = lanes.outerjoin(EVENT, and_(EVENT.c.lane_id == lanes.c.id, EVENT.c.number == number))
    return select(lanes, *event).select_from(joined)


def target_is_ours(lanes: Any) -> ColumnElement[bool]:
    """Two replicas may hold two lanes of one target; who gets this lock until its commit goes on."""
    name = lanes.c.connection + literal(" ") + lanes.c.target
    return func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0))
