"""Engines as we want them: SQLite that is durable and has one writer, PostgreSQL that never holds us up."""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.database.documents import decode, encode_text

#: Ours last milliseconds; a stalled event loop is given this long.
IDLE_TRANSACTION_MS = 10_000
#: FULL: a commit is on the disk when it returns.
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000")

_JSON: dict[str, Any] = {"json_serializer": encode_text, "json_deserializer": decode}


def open_engine(url: str, *, pool_size: int, read_only: bool = False) -> AsyncEngine:
    if make_url(url).get_backend_name() != "sqlite":
        # Asked before each use: what a restart of the server broke is replaced without an error.
        pool: dict[str, Any] = {"pool_size": pool_size, "pool_timeout": 10, "pool_pre_ping": True}
        engine = create_async_engine(url, max_overflow=0, **pool, **_JSON)
        event.listen(engine.sync_engine, "connect", _never_idle_in_transaction)
        return engine
    waiting = {"connect_args": {"timeout": 10}}
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, **waiting, **_JSON)

    _as_we_want_it(engine.sync_engine, read_only=read_only)
    return engine


def _as_we_want_it(engine: Engine, *, read_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        # The driver's own transaction control begins too late; we say BEGIN ourselves below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _never_idle_in_transaction(connection: Any, _record: object) -> None:
    """A process that is frozen within a transaction would hold its locks, and others up, until it thaws."""
    setting = f"SET idle_in_transaction_session_timeout = {IDLE_TRANSACTION_MS}"
    connection.run_async(lambda driver: driver.execute(setting))
