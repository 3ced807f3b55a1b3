"""Feed v3: checked before use, created where there is none, a foreign one left alone."""

from collections.abc import Collection, Mapping
from enum import Enum, auto
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Field, SQLModel

from app import logging
from app.config import OrderSettings
from app.database import Database
from app.errors import Refused
from app.orders.hints import Hint, Hints
from app.vtex.orders import Orders

log = logging.get(__name__)


#: VTEX drops the configuration itself when nothing arrived for this long; its longest is 14 days.
RETENTION_SECONDS = 14 * 24 * 3600


class Whose(Enum):
    """Whose the configuration is that VTEX has for our app key."""

    NOBODYS = auto()
    OURS = auto()
    #: Made by this service, with other settings: made anew without asking.
    OURS_BUT_OTHER = auto()
    FOREIGN = auto()


class ConfiguredFeed(SQLModel, table=True):
    """What we configured last: a feed has no name by which it could be known as ours."""

    __tablename__ = "configured_feed"

    connection: str = Field(primary_key=True)
    #: Sorted, separated by blanks.
    statuses: str


_FEED: Table = ConfiguredFeed.__table__  # type: ignore[attr-defined]  # SQLModel does not type it


async def read_feed(orders: Orders, hints: Hints) -> int | None:
    """Read one lot: persist, then commit; how many items there were, None where there is no feed."""
    items = await orders.feed_items()
    if not items:
        return None if items is None else 0
    await hints.put(Hint(item.order_id, item.state) for item in items if item.order_id)
    await orders.commit_feed([item.handle for item in items])
    return len(items)


class Feed:
    """One connection's."""

    def __init__(
        self,
        connection: str,
        orders: Orders,
        database: Database,
        settings: OrderSettings,
        statuses: Collection[str],
    ) -> None:
        self._connection = connection
        self._orders = orders
        self._database = database
        self._settings = settings
        self._statuses = sorted(statuses)

    async def ensure(self) -> bool:
        """Make the feed of this app key ours, True if it is new; Refused for one of somebody else."""
        present = await self._orders.feed_configuration()
        whose = await self.whose(present)
        if whose is Whose.OURS:
            await self._remember()
            return False
        if whose is Whose.FOREIGN:
            found = feed_filter(present)
            if not self._settings.take_over:
                raise Refused(
                    "this app key has a feed that we did not configure (type"
                    f" {found['type']}, statuses {found['status']}); use an app key of the bridge's"
                    " own, or set orders.take_over = true"
                )
            log.warning("feed.taken_over", before=str(found))
        # Before it is made: cut off between the two, the new one must still be known as ours.
        await self._remember()
        await self._orders.configure_feed(
            self._statuses,
            visibility_seconds=self._settings.feed_visibility_seconds,
            retention_seconds=RETENTION_SECONDS,
        )
        log.info("feed.configured")
        return True

    async def whose(self, present: Mapping[str, Any] | None) -> Whose:
        if present is None:
            return Whose.NOBODYS
        found = feed_filter(present)
        if found == {"type": "FromWorkflow", "status": self._statuses}:
            return Whose.OURS
        return Whose.OURS_BUT_OTHER if found == await self._configured_last() else Whose.FOREIGN

    async def _configured_last(self) -> dict[str, Any] | None:
        query = select(_FEED.c.statuses).where(_FEED.c.connection == self._connection)
        async with self._database.read() as transaction:
            statuses = await transaction.scalar(query)
        return None if statuses is None else {"type": "FromWorkflow", "status": statuses.split()}

    async def _remember(self) -> None:
        row = {"connection": self._connection, "statuses": " ".join(self._statuses)}
        statement = self._database.upsert(_FEED).values(row)
        statement = statement.on_conflict_do_update(
            index_elements=["connection"], set_={"statuses": row["statuses"]}
        )
        async with self._database.write() as transaction:
            await transaction.execute(statement)


def feed_filter(configuration: Mapping[str, Any] | None) -> dict[str, Any]:
    """Type and sorted statuses; VTEX spells the names in two ways."""
    found = {name.lower(): value for name, value in ((configuration or {}).get("filter") or {}).items()}
    statuses = found.get("status") or []
    return {"type": found.get("type"), "status": sorted(str(each) for each in statuses)}
