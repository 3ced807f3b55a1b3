"""The queue's tables and the life of an event.

accepted ──► delivered · unchanged · superseded · failed
   └─ in between, shown from the lane: waiting (for another entity) · retrying (until when, and why)

Being in flight is no status: it is a lease on the lane. A waiting or retrying event holds none.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

Identity = BigInteger().with_variant(Integer(), "sqlite")
Document = JSON().with_variant(JSONB(), "postgresql")
#: Sorted as Python sorts, whatever the database's language: lanes are locked in this order, and a prefix is
#: a range of the index.
InOrder = String().with_variant(String(collation="C"), "postgresql")


class Status(StrEnum):
    #: Stored; the worker has it next, or it stands behind an older event of its lane.
    ACCEPTED = "accepted"
    #: Another entity has to exist first; the reason names it.
    WAITING = "waiting"
    #: An attempt ended without an acknowledgement; it is tried again by itself.
    RETRYING = "retrying"
    #: The other side acknowledged it.
    DELIVERED = "delivered"
    #: The other side acknowledged exactly this last; no call was made.
    UNCHANGED = "unchanged"
    #: A newer change of the lane carries the lane's state, or all that it says was said anew before it came.
    SUPERSEDED = "superseded"
    #: Needs a person; the reason says what to do.
    FAILED = "failed"


PENDING = (Status.ACCEPTED, Status.WAITING, Status.RETRYING)


class Lane(SQLModel, table=True):
    """All events of one (connection, kind, key): what is wanted, what is done, when due, whose lease."""

    __tablename__ = "lane"
    __table_args__ = (
        Index("lane_identity", "connection", "kind", "key", unique=True),
        Index(
            "lane_due",
            "connection",
            "priority",
            "kind",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        # The database itself refuses a second flight to one write target.
        Index(
            "lane_in_flight",
            "connection",
            "target",
            unique=True,
            postgresql_where=text("lease IS NOT NULL"),
            sqlite_where=text("lease IS NOT NULL"),
        ),
        Index(
            "lane_waiting",
            "connection",
            "waiting_kind",
            "waiting_key",
            postgresql_where=text("waiting_kind IS NOT NULL"),
            sqlite_where=text("waiting_kind IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(Identity, primary_key=True))
    connection: str = Field(sa_column=Column(InOrder, nullable=False))
    kind: str = Field(sa_column=Column(InOrder, nullable=False))
    key: str = Field(sa_column=Column(InOrder, nullable=False))
    #: The VTEX record that this lane writes, such as `sku:REF` or `order:ID`.
    target: str
    #: Smaller goes first.
    priority: int
    #: State kinds fold and coalesce; facts are delivered one by one.
    is_state: bool
    #: The number of the newest accepted event.
    last_number: int
    #: State kinds: the fold of all accepted changes.
    desired: dict[str, Any] | None = Field(default=None, sa_column=Column(Document))
    #: State kinds: when each part of it was said, in the order of acceptance.
    stamps: list[Any] | None = Field(default=None, sa_column=Column(Document))
    #: Fingerprint of what the other side acknowledged last; none while an attempt is open.
    acknowledged: str | None = None
    acknowledged_state: dict[str, Any] | None = Field(default=None, sa_column=Column(Document))
    acknowledged_at: datetime | None = None
    #: Send even if the fingerprint is equal (replay, drift, a handled order of the SKU).
    resend: bool = False
    #: Since the last claim: an event was opened again, which that claim does not answer for.
    reopened_at: datetime | None = None
    #: accepted, waiting or retrying while something is pending, else none.
    status: str | None = None
    reason: str | None = Field(default=None, sa_column=Column(Text))
    reason_class: str | None = None
    #: Since when `status` holds.
    since: datetime | None = None
    #: Attempts in a row that ended without an acknowledgement.
    failures: int = 0
    waiting_kind: str | None = None
    waiting_key: str | None = None
    #: When a worker may claim it; a claim moves it to the lease's end, so a lease ends by itself.
    due_at: datetime | None = None
    lease: UUID | None = None
    #: Leases in a row that ended by themselves: their workers died.
    crashes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Event(SQLModel, table=True):
    """One accepted change, or one thing to tell the ERP."""

    __tablename__ = "event"
    __table_args__ = (
        Index("event_order", "lane_id", "number", unique=True),
        Index(
            "event_pending",
            "lane_id",
            "number",
            postgresql_where=text("finished_at IS NULL"),
            sqlite_where=text("finished_at IS NULL"),
        ),
        Index("event_by_connection", "connection", "id"),
    )

    #: UUIDv7: sorts by the time of acceptance.
    id: UUID = Field(primary_key=True)
    connection: str
    kind: str
    key: str
    lane_id: int = Field(sa_column=Column(Identity, ForeignKey("lane.id"), nullable=False))
    #: The place in the lane, given under the lane row's lock.
    number: int
    payload: dict[str, Any] = Field(sa_column=Column(Document, nullable=False))
    #: accepted, or how it ended.
    status: str
    reason: str | None = Field(default=None, sa_column=Column(Text))
    reason_class: str | None = None
    #: How far a fact of several steps has come.
    stage: str | None = None
    accepted_at: datetime
    finished_at: datetime | None = None


class Attempt(SQLModel, table=True):
    """One try to deliver an event, with every request that it made (redacted)."""

    __tablename__ = "attempt"

    id: int | None = Field(default=None, sa_column=Column(Identity, primary_key=True))
    event_id: UUID = Field(foreign_key="event.id", index=True)
    started_at: datetime
    duration_ms: int
    #: delivered, waiting, retrying or failed.
    outcome: str
    reason: str | None = Field(default=None, sa_column=Column(Text))
    calls: list[dict[str, Any]] = Field(sa_column=Column(Document, nullable=False))


class IdempotencyKey(SQLModel, table=True):
    """An accepted request's key and answer: the same body repeats the answer, another one is a conflict.

    Our own facts are made unique by it too (an order's status is told once), and these never expire.
    """

    __tablename__ = "idempotency_key"

    connection: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    body_sha256: str
    event_ids: list[str] = Field(sa_column=Column(Document, nullable=False))
    expires_at: datetime | None = Field(default=None, index=True)
