"""The drivers without SQLAlchemy in between, for the hot paths: its part costs more than theirs."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.engine import make_url
from sqlalchemy.util import await_only, greenlet_spawn

from app.database.documents import decode, encode_text
from app.database.engines import IDLE_TRANSACTION_MS, PRAGMAS
from app.database.written import Written

T = TypeVar("T")
#: Accepting, recording, claiming, looking up, and some room.
_CONNECTIONS = 6
_KEPT_STATEMENTS = 256
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a hot function gets: plain calls, whichever database answers them."""

    dialect: str
    fetch: Callable[[str, Sequence[Any]], Iterable[Sequence[Any]]]

    def rows(self, statement: Written, **values: Any) -> list[Any]:
        """What it returns, as named tuples; nothing for a statement that returns nothing."""
        return statement.rows(self.fetch(statement.text, statement.arguments(values)))


Work = Callable[[Transaction], T]


class _SqliteThread:
    """One connection, used by one thread: a transaction costs one change of threads."""

    def __init__(self, path: str, name: str, begin: str) -> None:
        self._path = path
        self._begin = begin
        self._executor = ThreadPoolExecutor(1, name)
        self._driver: sqlite3.Connection | None = None

    async def run(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._transaction, work)

    def _transaction(self, work: Work[T]) -> T:
        driver = self._driver or self._connect()
        driver.execute(self._begin)
        try:
            done = work(Transaction("sqlite", lambda text, given: driver.execute(text, given).fetchall()))
            driver.execute("COMMIT")
        except BaseException:
            # A full disk may have ended it already.
            if driver.in_transaction:
                driver.execute("ROLLBACK")
            raise
        return done

    def _connect(self) -> sqlite3.Connection:
        driver = sqlite3.connect(
            self._path,
            timeout=_PATIENCE_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_KEPT_STATEMENTS,
        )
        for pragma in PRAGMAS:
            driver.execute(f"PRAGMA {pragma}")
        self._driver = driver
        return driver

    async def close(self) -> None:
        await asyncio.to_thread(self._executor.shutdown)
        if self._driver is not None:
            self._driver.close()


class SqliteThreads:
    """One thread that writes, one that reads."""

    def __init__(self, url: str) -> None:
        path = make_url(url).database or ""
        self._writing = _SqliteThread(path, "sqlite-write", "BEGIN IMMEDIATE")
        self._reading = _SqliteThread(path, "sqlite-read", "BEGIN")

    async def write(self, work: Work[T]) -> T:
        return await self._writing.run(work)

    async def read(self, work: Work[T]) -> T:
        return await self._reading.run(work)

    async def close(self) -> None:
        await self._writing.close()
        await self._reading.close()


class PostgresPool:
    """Connections of asyncpg's own pool; what never changes between transactions is not reset after each."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._pool: Any = None
        self._opening = asyncio.Lock()

    async def write(self, work: Work[T]) -> T:
        pool = self._pool or await self._open()
        async with pool.acquire(timeout=_PATIENCE_SECONDS) as driver, driver.transaction():
            return await greenlet_spawn(work, _on(driver))

    async def read(self, work: Work[T]) -> T:
        """A lone SELECT needs no BEGIN and COMMIT around it."""
        pool = self._pool or await self._open()
        async with pool.acquire(timeout=_PATIENCE_SECONDS) as driver:
            return await greenlet_spawn(work, _on(driver))

    async def _open(self) -> Any:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=0,
                    max_size=_CONNECTIONS,
                    init=_prepare,
                    reset=_as_it_is,
                    timeout=_PATIENCE_SECONDS,
                )
        return self._pool

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()


def _on(driver: Any) -> Transaction:
    return Transaction("postgresql", lambda text, given: await_only(driver.fetch(text, *given)))


async def _prepare(driver: Any) -> None:
    await driver.set_type_codec("jsonb", schema="pg_catalog", encoder=encode_text, decoder=decode)
    await driver.execute(f"SET idle_in_transaction_session_timeout = {IDLE_TRANSACTION_MS}")


async def _as_it_is(_driver: Any) -> None:
    pass
