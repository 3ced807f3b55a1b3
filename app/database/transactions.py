"""Transactions on the one database, and notices between the processes that share it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import NullPool, Text, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.sql.schema import Table

from app import logging, metrics
from app.database.drivers import PostgresPool, SqliteFile, Transaction
from app.database.engines import open_engine
from app.database.outages import translated
from app.database.written import Written
from app.errors import DatabaseUnavailable

log = logging.get(__name__)
T = TypeVar("T")
_READS, _WRITES = (metrics.TRANSACTIONS.labels(how) for how in ("read", "write"))
_NOTIFY = Written(
    select(
        cast(func.pg_notify(bindparam("channel", type_=Text), bindparam("payload", type_=Text)), Text).label(
            "told"
        )
    ),
    "postgresql",
)
#: Under load one tells of all that came due since the last.
_BETWEEN_NOTICES_SECONDS = 0.005
#: SQLite: how long a write stands behind others.
_PATIENCE_SECONDS = 10.0
#: An idle listening connection is asked this often whether it still lives.
_LIVENESS_SECONDS = 30.0
_RECONNECT_SECONDS = 1.0


class Database:
    """`write()` and `read()` are transactions; keep them short, never across an outbound call.

    `run()` and `look()` are the same in one go, for the hot paths: the driver runs what was written before.
    """

    def __init__(self, url: str) -> None:
        self.on_sqlite = make_url(url).get_backend_name() == "sqlite"
        # One writer: SQLite has one write lock, and waiting in our pool is fair where its busy handler polls.
        self._writer = open_engine(url, pool_size=1 if self.on_sqlite else 10)
        self._reader = (
            open_engine(url, pool_size=4, read_only=True)
            if self.on_sqlite
            # One pool; a lone SELECT needs no BEGIN and COMMIT around it.
            else self._writer.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._url = url
        self._drivers = SqliteFile(url) if self.on_sqlite else PostgresPool(url)
        #: SQLite: whoever comes first writes first, by whichever of the two ways.
        self._writing = asyncio.Lock()
        self._notices: dict[tuple[str, str], None] = {}
        self._notifying: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        _WRITES.inc()
        async with translated(), self._one_writer(), self._writer.begin() as connection:
            yield connection

    async def run(self, work: Callable[[Transaction], T], *, is_long: bool = False) -> T:
        """Do `work` in one transaction; what is long may not hold up the event loop."""
        _WRITES.inc()
        async with translated(), self._one_writer():
            return await self._drivers.write(work, is_long=is_long)

    async def look(self, work: Callable[[Transaction], T]) -> T:
        """Do `work`, which only reads little; on PostgreSQL each of its statements sees what is committed."""
        _READS.inc()
        async with translated():
            return await self._drivers.read(work)

    @asynccontextmanager
    async def _one_writer(self) -> AsyncIterator[None]:
        if not self.on_sqlite:
            yield
            return
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._writing.acquire()
        except TimeoutError:
            raise DatabaseUnavailable("the database is locked: writes before this one do not end") from None
        try:
            yield
        finally:
            self._writing.release()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        _READS.inc()
        async with translated(), self._reader.begin() as connection:
            yield connection

    async def empty_log(self) -> bool:
        """SQLite: what was overwritten is gone from the write-ahead log too; False where others read it."""
        async with translated(), self._one_writer():
            return not isinstance(self._drivers, SqliteFile) or await self._drivers.empty_log()

    def notify(self, channel: str, payload: str) -> None:
        """PostgreSQL: tell all who listen to the channel, soon; what repeats meanwhile is told once.

        Never within a transaction: PostgreSQL lets those that notify commit only one by one.
        """
        if self.on_sqlite:
            return
        self._notices[channel, payload] = None
        if self._notifying is None:
            self._notifying = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        try:
            while self._notices:
                notices, self._notices = [*self._notices], {}
                await self.look(partial(_notify, notices))
                await asyncio.sleep(_BETWEEN_NOTICES_SECONDS)
        except DatabaseUnavailable as error:
            log.debug("notice.not_sent", error=str(error))
        finally:
            self._notifying = None

    @asynccontextmanager
    async def listening(
        self, channel: str, heard: Callable[[str], None]
    ) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """PostgreSQL: `heard` gets each payload, over a connection of its own.

        Yields a call that waits until that connection breaks: DatabaseUnavailable.
        """
        engine = create_async_engine(self._url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        try:
            async with translated(), engine.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                ended = asyncio.Event()
                driver.add_termination_listener(lambda *_: ended.set())
                await driver.add_listener(channel, lambda _driver, _pid, _channel, payload: heard(payload))
                yield lambda: _broken(connection, ended)
        finally:
            await engine.dispose()

    async def keep_listening(
        self, channel: str, heard: Callable[[str], None], *, begun: Callable[[], None]
    ) -> None:
        """Until cancelled, reconnecting by itself; `begun` makes up for what was told while nobody listened.

        On SQLite there is one process, and nothing to hear.
        """
        while not self.on_sqlite:
            try:
                async with self.listening(channel, heard) as until_broken:
                    begun()
                    await until_broken()
            except DatabaseUnavailable as error:
                log.warning("notices.unavailable", error=str(error))
                await asyncio.sleep(_RECONNECT_SECONDS)

    def upsert(self, table: Table) -> Any:
        """INSERT with `on_conflict_do_update/nothing`, which both databases spell alike."""
        return sqlite.insert(table) if self.on_sqlite else postgresql.insert(table)

    async def close(self) -> None:
        if self._notifying is not None:
            await asyncio.wait([self._notifying])
        # Not while somebody writes: nobody begins to, once it is closed.
        async with self._one_writer():
            await self._drivers.close()
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


def _notify(notices: Iterable[tuple[str, str]], transaction: Transaction) -> None:
    for channel, payload in notices:
        transaction.rows(_NOTIFY, channel=channel, payload=payload)


async def _broken(connection: AsyncConnection, ended: asyncio.Event) -> None:
    """A connection whose other end vanished without a word is noticed by asking it."""
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _LIVENESS_SECONDS)
            break
        async with asyncio.timeout(_LIVENESS_SECONDS):
            await connection.exec_driver_sql("SELECT 1")
    raise DatabaseUnavailable("the connection that listens was closed")
