"""The one database: engine, transactions, migrations; SQLite and PostgreSQL with the same code."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql.schema import Table

from app.errors import DatabaseUnavailable

MIGRATIONS = Path(__file__).parent.parent / "migrations"
#: SQLSTATE: serialization failure, deadlock; the transaction may simply run again.
_RERUN = {"40001", "40P01"}


def _json(value: Any) -> str:
    return _encode(value).decode()


#: A change is written and read in several JSON columns; the standard library takes ten times as long.
_encode = msgspec.json.Encoder().encode
_JSON: dict[str, Any] = {"json_serializer": _json, "json_deserializer": msgspec.json.decode}


class Database:
    """`write()` and `read()` are transactions; keep them short, never across an outbound call."""

    def __init__(self, url: str) -> None:
        self.on_sqlite = make_url(url).get_backend_name() == "sqlite"
        # One writer: SQLite has one write lock, and waiting in our pool is fair where its busy handler polls.
        self._writer = _engine(url, pool_size=1 if self.on_sqlite else 10)
        self._reader = _engine(url, pool_size=4, read_only=True) if self.on_sqlite else self._writer

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with _translated(), self._writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with _translated(), self._reader.begin() as connection:
            yield connection

    def upsert(self, table: Table) -> Any:
        """INSERT with `on_conflict_do_update/nothing`, which both databases spell alike."""
        return sqlite.insert(table) if self.on_sqlite else postgresql.insert(table)

    async def close(self) -> None:
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


def _engine(url: str, *, pool_size: int, read_only: bool = False) -> AsyncEngine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_async_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=10, **_JSON)
    waiting = {"connect_args": {"timeout": 10}}
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, **waiting, **_JSON)

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        # The driver's own transaction control begins too late; we say BEGIN ourselves below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Foreign errors that mean "not now" become DatabaseUnavailable; faulty statements stay what they are."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, OSError) or error.connection_invalidated or _is_operational(error):
            raise DatabaseUnavailable(f"{type(error).__name__}: {error.orig}") from error
        raise
    except (OSError, PoolTimeout) as error:
        raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error


def _is_operational(error: DBAPIError) -> bool:
    state = str(getattr(error.orig, "sqlstate", "") or "")
    if state:
        # Connection, login (a password that is being rotated), no such database (yet), resources, operator
        # intervention, system error, rerun, read-only after a failover, no schema yet.
        return state[:2] in {"08", "28", "3D", "53", "57", "58", "40"} or state in {"25006", "42P01"}
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
