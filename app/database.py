"""The one database: engine, transactions, migrations; SQLite and PostgreSQL with the same code."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncpg  # type: ignore[import-untyped]
import msgspec
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, StaticPool, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql.schema import Table

from app import logging
from app.errors import DatabaseUnavailable

log = logging.get(__name__)
P = ParamSpec("P")
T = TypeVar("T")
MIGRATIONS = Path(__file__).parent.parent / "migrations"
#: SQLSTATE: serialization failure, deadlock; the transaction may simply run again.
_RERUN = {"40001", "40P01"}
#: Ours last milliseconds; a stalled event loop is given this long.
_IDLE_TRANSACTION_MS = 10_000
#: SQLSTATE classes: connection, login (a password that is being rotated), no such database (yet), resources,
#: operator intervention, system error, rerun.
_NOT_NOW_CLASSES = {"08", "28", "3D", "53", "57", "58", "40"}
#: Read-only after a failover, idle too long in a transaction, no schema yet.
_NOT_NOW = {"25006", "25P03", "42P01"}
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
#: An idle listening connection is asked this often whether it still lives.
_LIVENESS_SECONDS = 30.0


def _json(value: Any) -> str:
    return _encode(value).decode()


#: A change is written and read in several JSON columns; the standard library takes ten times as long.
_encode = msgspec.json.Encoder().encode
_JSON: dict[str, Any] = {"json_serializer": _json, "json_deserializer": msgspec.json.decode}


class Database:
    """`write()` and `read()` are transactions; keep them short, never across an outbound call.

    `run()` and `look()` are the same in one go, for the hot paths: on SQLite a whole transaction costs one
    change of threads, not one for each statement.
    """

    def __init__(self, url: str) -> None:
        self.on_sqlite = make_url(url).get_backend_name() == "sqlite"
        # One writer: SQLite has one write lock, and waiting in our pool is fair where its busy handler polls.
        self._writer = _engine(url, pool_size=1 if self.on_sqlite else 10)
        self._reader = (
            _engine(url, pool_size=4, read_only=True)
            if self.on_sqlite
            # One pool; a lone SELECT needs no BEGIN and COMMIT around it.
            else self._writer.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._url = url
        self._threads = _Threads(url) if self.on_sqlite else None
        #: SQLite: whoever comes first writes first, by whichever of the two ways.
        self._writing = asyncio.Lock()
        self._notices: dict[tuple[str, str], None] = {}
        self._notifying: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with _translated(), self._one_writer(), self._writer.begin() as connection:
            yield connection

    async def run(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **names: P.kwargs) -> T:
        """Do `work` in one transaction."""
        async with _translated(), self._one_writer():
            if self._threads:
                return await self._threads.write(lambda connection: work(connection, *args, **names))
            async with self._writer.begin() as connection:
                return await connection.run_sync(work, *args, **names)

    async def look(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **names: P.kwargs
    ) -> T:
        """Do `work`, which only reads."""
        async with _translated():
            if self._threads:
                return await self._threads.read(lambda connection: work(connection, *args, **names))
            async with self._reader.begin() as connection:
                return await connection.run_sync(work, *args, **names)

    @asynccontextmanager
    async def _one_writer(self) -> AsyncIterator[None]:
        if not self.on_sqlite:
            yield
            return
        async with self._writing:
            yield

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with _translated(), self._reader.begin() as connection:
            yield connection

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
                async with self.read() as connection:
                    for channel, payload in notices:
                        await connection.execute(_NOTIFY, {"channel": channel, "payload": payload})
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
            async with _translated(), engine.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                ended = asyncio.Event()
                driver.add_termination_listener(lambda *_: ended.set())
                await driver.add_listener(channel, lambda _driver, _pid, _channel, payload: heard(payload))
                yield lambda: _broken(connection, ended)
        finally:
            await engine.dispose()

    def upsert(self, table: Table) -> Any:
        """INSERT with `on_conflict_do_update/nothing`, which both databases spell alike."""
        return sqlite.insert(table) if self.on_sqlite else postgresql.insert(table)

    async def close(self) -> None:
        if self._notifying is not None:
            await asyncio.wait([self._notifying])
        if self._threads:
            self._threads.close()
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


async def _broken(connection: AsyncConnection, ended: asyncio.Event) -> None:
    """A connection whose other end vanished without a word is noticed by asking it."""
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _LIVENESS_SECONDS)
            break
        async with asyncio.timeout(_LIVENESS_SECONDS):
            await connection.exec_driver_sql("SELECT 1")
    raise DatabaseUnavailable("the connection that listens was closed")


def _engine(url: str, *, pool_size: int, read_only: bool = False) -> AsyncEngine:
    if make_url(url).get_backend_name() != "sqlite":
        engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=10, **_JSON)
        event.listen(engine.sync_engine, "connect", _never_idle_in_transaction)
        return engine
    waiting = {"connect_args": {"timeout": 10}}
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, **waiting, **_JSON)

    _as_we_want_it(engine.sync_engine, read_only=read_only)
    return engine


class _Threads:
    """SQLite without an event loop in between: one thread that writes, one that reads."""

    def __init__(self, url: str) -> None:
        plain = make_url(url).set(drivername="sqlite")
        self._engines = []
        self._executors = []
        for read_only in (False, True):
            waiting = {"connect_args": {"timeout": 10, "check_same_thread": False}}
            engine = create_engine(plain, poolclass=StaticPool, **waiting, **_JSON)
            _as_we_want_it(engine, read_only=read_only)
            self._engines.append(engine)
            self._executors.append(ThreadPoolExecutor(1, "sqlite-read" if read_only else "sqlite-write"))

    async def write(self, work: Callable[[Connection], T]) -> T:
        return await self._in_thread(0, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._in_thread(1, work)

    async def _in_thread(self, which: int, work: Callable[[Connection], T]) -> T:
        def transaction() -> T:
            with self._engines[which].begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._executors[which], transaction)

    def close(self) -> None:
        for executor in self._executors:
            executor.shutdown()
        for engine in self._engines:
            engine.dispose()


def _as_we_want_it(engine: Engine, *, read_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        # The driver's own transaction control begins too late; we say BEGIN ourselves below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _never_idle_in_transaction(connection: Any, _record: object) -> None:
    """A process that is frozen within a transaction would hold its locks, and others up, until it thaws."""
    setting = f"SET idle_in_transaction_session_timeout = {_IDLE_TRANSACTION_MS}"
    connection.run_async(lambda driver: driver.execute(setting))


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Foreign errors that mean "not now" become DatabaseUnavailable; faulty statements stay what they are."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, OSError) or error.connection_invalidated or _is_operational(error):
            raise DatabaseUnavailable(f"{type(error).__name__}: {error.orig}") from error
        raise
    except (OSError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error


def _is_operational(error: DBAPIError) -> bool:
    state = str(getattr(error.orig, "sqlstate", "") or "")
    if state:
        return state[:2] in _NOT_NOW_CLASSES or state in _NOT_NOW
    return type(error).__name__ in {"OperationalError", "InterfaceError"}


def may_rerun(error: BaseException) -> bool:
    cause = error.__cause__ if isinstance(error, DatabaseUnavailable) else error
    return isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", None) in _RERUN


async def migrate(url: str) -> None:
    """Bring the schema to the newest revision; replicas that start together wait for one another."""
    engine = _engine(url, pool_size=1)
    try:
        async with _translated(), engine.begin() as connection:
            if make_url(url).get_backend_name() != "sqlite":
                await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(724211)")
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


async def is_migrated(database: Database) -> bool:
    """Whether the schema is at the revision that this code was written for."""

    def revision(connection: Connection) -> bool:
        head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == head

    async with database.read() as connection:
        return await connection.run_sync(revision)
