"""Idempotency keys: the same request again gets the first answer, another body under its key a conflict."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, case, false, func, select
from sqlalchemy.sql.elements import ColumnElement

from app.database import Transaction, Written
from app.database.bulk import Rows, insertion
from app.errors import BridgeError
from app.queue.lanes import Submission
from app.queue.store.tables import IDEMPOTENCY

_KEYS = Rows("keys", IDEMPOTENCY, "connection", "route", "key", "body_sha256", "event_ids", "expires_at")


class IdempotencyConflict(BridgeError):
    """The key was used for another body."""


@dataclass(frozen=True, slots=True)
class Accepted:
    event_ids: tuple[UUID, ...]
    repeated: bool = False


def bound_now() -> ColumnElement[datetime]:
    """The moment of the transaction, bound as `now`."""
    return bindparam("now", type_=IDEMPOTENCY.c.expires_at.type)


def answered_before(
    transaction: Transaction, batch: list[Submission], now: datetime
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
    keys = _KEYS.document(transaction, rows)
    transaction.rows(_claim_keys(transaction.dialect), **keys, now=now)
    known = transaction.rows(_claimed_keys(transaction.dialect), **keys)
    standing = {(row.connection, row.route, row.key): row for row in known}
    return [
        _answer(standing[s.connection, s.route, s.idempotency_key], s) if s.idempotency_key else None
        for s in batch
    ]


@cache
def _claim_keys(dialect: str) -> Written:
    """An expired key is taken over in place; a living one is only locked and read."""
    statement = insertion(IDEMPOTENCY, _KEYS, dialect)
    expired = func.coalesce(IDEMPOTENCY.c.expires_at < bound_now(), false())
    taken = {name: statement.excluded[name] for name in ("body_sha256", "event_ids", "expires_at")}
    kept = {name: case((expired, value), else_=IDEMPOTENCY.c[name]) for name, value in taken.items()}
    identity = ["connection", "route", "key"]
    return Written(statement.on_conflict_do_update(index_elements=identity, set_=kept), dialect)


@cache
def _claimed_keys(dialect: str) -> Written:
    asked = _KEYS.columns(dialect)
    same = (IDEMPOTENCY.c[name] == asked[name] for name in ("connection", "route", "key"))
    return Written(select(IDEMPOTENCY).where(and_(*same)), dialect)


def _answer(row: Any, submission: Submission) -> Accepted | Exception | None:
    if row.event_ids == [str(event.id) for event in submission.events]:
        return None
    if row.body_sha256 != submission.body_sha256:
        return IdempotencyConflict("this Idempotency-Key was used for another body")
    return Accepted(tuple(UUID(each) for each in row.event_ids), repeated=True)
