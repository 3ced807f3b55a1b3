"""Waking: who waited for what was just delivered."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, case, select, update

from app.database import Transaction, Written
from app.database.bulk import Rows, Values, among, listed
from app.errors import Waiting
from app.queue.lanes import Claim
from app.queue.models import Status
from app.queue.store.tables import EVENT, LANE, LOCK_ORDER

_ARRIVED = Rows("arrived", LANE, "connection", "kind", "key")


def arrived(transaction: Transaction, delivered: Sequence[Claim]) -> Values:
    """The parameter of `sleepers`."""
    rows = [{"connection": each.connection, "kind": each.kind, "key": each.key} for each in delivered]
    return _ARRIVED.document(transaction, rows)


def wake_for(
    transaction: Transaction, connection: str, kind: str, keys: Sequence[str], now: datetime
) -> None:
    """As if these had just been delivered: VTEX has them."""
    rows = [{"connection": connection, "kind": kind, "key": key} for key in keys]
    found = transaction.rows(_sleepers(transaction.dialect), **_ARRIVED.document(transaction, rows))
    if found:
        wake(transaction, [row.id for row in found], now)


def wake(transaction: Transaction, ids: Sequence[int], now: datetime) -> None:
    """All who wait for what was just delivered are due at once; those who gave up waiting are revived."""
    dialect = transaction.dialect
    transaction.rows(_revive(dialect), ids=listed(transaction, ids))
    transaction.rows(_due_at_once(dialect), ids=listed(transaction, ids), now=now)


def sleepers(dialect: str) -> Select[tuple[int]]:
    """Who waits for what arrived; locked in the order of accepting."""
    arrived = _ARRIVED.columns(dialect)
    return (
        select(LANE.c.id)
        .where(
            LANE.c.connection == arrived["connection"],
            LANE.c.waiting_kind == arrived["kind"],
            LANE.c.waiting_key == arrived["key"],
            LANE.c.lease.is_(None),
        )
        .order_by(*LOCK_ORDER)
        .with_for_update(of=LANE)
    )


@cache
def _sleepers(dialect: str) -> Written:
    return Written(sleepers(dialect), dialect)


@cache
def _revive(dialect: str) -> Written:
    given_up = EVENT.c.status == Status.FAILED.value, EVENT.c.reason_class == Waiting.reason_class
    opened = {"status": Status.ACCEPTED.value, "reason": None, "reason_class": None, "finished_at": None}
    return Written(
        update(EVENT).where(among(EVENT.c.lane_id, "ids", dialect), *given_up).values(opened), dialect
    )


@cache
def _due_at_once(dialect: str) -> Written:
    idle, now = LANE.c.due_at.is_(None), bindparam("now", type_=LANE.c.due_at.type)
    values = {
        "due_at": now,
        # What was given up is open again: its claim has to look for it.
        "reopened_at": now,
        "status": case((idle, Status.ACCEPTED.value), else_=LANE.c.status),
        "since": case((idle, now), else_=LANE.c.since),
    }
    return Written(update(LANE).where(among(LANE.c.id, "ids", dialect)).values(values), dialect)
