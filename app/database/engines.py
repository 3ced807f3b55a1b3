"""Engines as we want them: SQLite that is durable and has one writer, PostgreSQL that never holds us up."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

T = TypeVar("T")
#: Ours last milliseconds; a stalled event loop is given this long.
_IDLE_TRANSACTION_MS = 10_000


def _json(value: Any) -> str:
    return _encode(value).decode()


#: A change is written and read in several JSON columns; the standard library takes ten times as long.
_encode = msgspec.json.Encoder().encode
_JSON: dict[str, Any] = {"json_serializer": _json, "json_deserializer": msgspec.json.decode}


def open_engine(url: str, *, pool_size: int, read_only: bool = False) -> AsyncEngine:
    if make_url(url).get_backend_name() != "sqlite":
        engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=10, **_JSON)
        event.listen(engine.sync_engine, "connect", _never_idle_in_transaction)
        return engine
    waiting = {"connect_args": {"timeout": 10}}
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, **waiting, **_JSON)

    _as_we_want_it(engine.sync_engine, read_only=read_only)
    return engine


class Threads:
    """SQLite without an event loop in between: one thread that writes, one that reads."""

    def __init__(self, url: str) -> None:
        plain = make_url(url).set(drivername="sqlite")
        self.engines = []
        self._executors = []
        for read_only in (False, True):
            waiting = {"connect_args": {"timeout": 10, "check_same_thread": False}}
            engine = create_engine(plain, poolclass=StaticPool, **waiting, **_JSON)
            _as_we_want_it(engine, read_only=read_only)
            self.engines.append(engine)
            self._executors.append(ThreadPoolExecutor(1, "sqlite-read" if read_only else "sqlite-write"))

    async def write(self, work: Callable[[Connection], T]) -> T:
        return await self._in_thread(0, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._in_thread(1, work)

    async def _in_thread(self, which: int, work: Callable[[Connection], T]) -> T:
        def transaction() -> T:
            with self.engines[which].begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._executors[which], transaction)

    def close(self) -> None:
        for executor in self._executors:
            executor.shutdown()
        for engine in self.engines:
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
