"""One poller of several asks a connection's sources: the one that holds its lease."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, or_, select
from sqlmodel import Field, SQLModel

from app.database import Database

LEASE = timedelta(seconds=15)
#: A third of the lease: two renewals may fail before another takes over.
RENEW_SECONDS = LEASE.total_seconds() / 3

_ALWAYS = datetime.max.replace(tzinfo=UTC)
_NEVER = datetime.min.replace(tzinfo=UTC)


class PollerLease(SQLModel, table=True):
    __tablename__ = "poller_lease"

    connection: str = Field(primary_key=True)
    holder: str
    until: datetime


_LEASE = PollerLease.__table__  # type: ignore[attr-defined]  # SQLModel does not type it


class Leadership:
    """Whether this poller is the one for a connection; on SQLite there is no other."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection
        self._holder = uuid4().hex
        self._until = (
            datetime.max.replace(tzinfo=UTC) if database.on_sqlite else datetime.min.replace(tzinfo=UTC)
        )

    @property
    def is_ours(self) -> bool:
        """By our own clock, without asking: a lease that could not be renewed ends here too."""
        return datetime.now(UTC) < self._until

    async def take_or_renew(self) -> None:
        if self._database.on_sqlite:
            return
        now = datetime.now(UTC)
        until = now + LEASE
        values = {"connection": self._connection, "holder": self._holder, "until": until}
        statement = self._database.upsert(_LEASE).values(values)
        statement = statement.on_conflict_do_update(
            index_elements=["connection"],
            set_={"holder": self._holder, "until": until},
            where=or_(_LEASE.c.holder == self._holder, _LEASE.c.until < now),
        )
        holder = select(_LEASE.c.holder).where(_LEASE.c.connection == self._connection)
        async with self._database.write() as transaction:
            await transaction.execute(statement)
            leads = await transaction.scalar(holder) == self._holder
        self._until = until if leads else now

    async def give_up(self) -> None:
        """At once for the next, instead of at the lease's end."""
        if self._database.on_sqlite:
            return
        self._until = _NEVER
        ours = _LEASE.c.connection == self._connection, _LEASE.c.holder == self._holder
        async with self._database.write() as transaction:
            await transaction.execute(delete(_LEASE).where(*ours))
