"""The drivers without SQLAlchemy in between, for the hot paths: its part costs more than theirs."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.engine import make_url
from sqlalchemy.util import await_only, greenlet_spawn

from app.database.documents import decode, encode_text
from app.database.engines import IDLE_TRANSACTION_MS, PRAGMAS
from app.database.written import Written
from app.errors import DatabaseUnavailable

P = ParamSpec("P")
T = TypeVar("T")
#: Accepting, recording, claiming, looking up, and some room.
_CONNECTIONS = 6
_KEPT_STATEMENTS = 256
_LOCKED_SECONDS = 0.01
#: SQLite's extended codes have the primary one in their last byte.
_PRIMARY_CODE = 0xFF
#: The hot statements look a few rows up by their indexes and are planned once. A queue's tables are full at
#: one moment and empty at the next: by what PostgreSQL counted last, it would at times read them whole.
_SETTINGS = dict.fromkeys(
    ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit"), "off"
) | {"plan_cache_mode": "force_generic_plan"}
_PATIENCE_SECONDS = 10.0
_STATEMENT_SECONDS = 30.0
_CLOSING_SECONDS = 1.0


_OPTIONS = {
    "timeout": _PATIENCE_SECONDS,
    # Behind a lock or a peer that fell silent; a commit whose answer is lost was repeated before, too.
    "command_timeout": _STATEMENT_SECONDS,
    # The statements are few and long: prepared once, for as long as the connection lives.
    "max_cacheable_statement_size": 0,
    "max_cached_statement_lifetime": 0,
    "max_queries": 10**9,
}
_SQLALCHEMYS_OWN = {
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "async_creator_fn",
    "async_fallback",
}


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a hot function gets: plain calls, whichever database answers them."""

    dialect: str
    fetch: Callable[[str, Sequence[Any]], Iterable[Sequence[Any]]]

    def rows(self, statement: Written, **values: Any) -> list[Any]:
        """What it returns, as named tuples; nothing for a statement that returns nothing."""
        return statement.rows(self.fetch(statement.text, statement.arguments(values)))


Work = Callable[[Transaction], T]


class SqliteFile:
    """One connection that writes and one that reads, in the event loop's thread; another waits for the disk.

    Statements take microseconds each, and two threads would take the interpreter from one another at every
    row. What is long runs in the other thread as a whole.
    """

    def __init__(self, url: str) -> None:
        self._path = make_url(url).database or ""
        self._disk = ThreadPoolExecutor(1, "sqlite")
        self._opening = asyncio.Lock()
        self._is_closed = False
        self._opened: tuple[sqlite3.Connection, sqlite3.Connection] | None = None

    async def write(self, work: Work[T], *, is_long: bool) -> T:
        """The caller sees to it that there is one at a time."""
        driver, _ = self._opened or await self._open()
        await _begin(driver)
        try:
            transaction = _on_sqlite(driver)
            done = await self._in_thread(work, transaction) if is_long else work(transaction)
            await self._in_thread(driver.execute, "COMMIT")
        except BaseException:
            # A full disk may have ended it already.
            if driver.in_transaction:
                driver.execute("ROLLBACK")
            raise
        return done

    async def read(self, work: Work[T]) -> T:
        _, driver = self._opened or await self._open()
        driver.execute("BEGIN")
        try:
            return work(_on_sqlite(driver))
        finally:
            driver.execute("COMMIT")

    async def empty_log(self) -> bool:
        """The write-ahead log goes into the file; False where others still read what stands in it."""
        busy: int = await self._in_thread(self._checkpointed)
        return not busy

    def _checkpointed(self) -> int:
        # On a connection of its own, which waits for the others' transactions.
        with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as driver:
            busy, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return int(busy)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **names: P.kwargs) -> T:
        """Whoever is cancelled waits for its end: a connection has one user at a time."""
        run = partial(work, *args, **names)
        future = asyncio.get_running_loop().run_in_executor(self._disk, run)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([future])
            raise

    async def _open(self) -> tuple[sqlite3.Connection, sqlite3.Connection]:
        if self._is_closed:
            raise DatabaseUnavailable("the database was closed: this process stops")
        async with self._opening:
            if self._opened is None:
                self._opened = await self._in_thread(self._connect), await self._in_thread(self._connect)
        return self._opened

    def _connect(self) -> sqlite3.Connection:
        driver = sqlite3.connect(
            self._path,
            # Whoever is locked out waits in the loop, and does not hold it up.
            timeout=0,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_KEPT_STATEMENTS,
        )
        for pragma in PRAGMAS:
            driver.execute(f"PRAGMA {pragma}")
        driver.execute("PRAGMA busy_timeout=0")
        return driver

    async def close(self) -> None:
        self._is_closed = True
        opened, self._opened = self._opened, None
        await asyncio.to_thread(self._disk.shutdown)
        for driver in opened or ():
            driver.close()


async def _begin(driver: sqlite3.Connection) -> None:
    """Another process, a command, may be writing."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE_SECONDS
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY_CODE != sqlite3.SQLITE_BUSY or loop.time() > until:
                raise
            await asyncio.sleep(_LOCKED_SECONDS)
        else:
            return


def _on_sqlite(driver: sqlite3.Connection) -> Transaction:
    return Transaction("sqlite", lambda text, given: driver.execute(text, given).fetchall())


class PostgresPool:
    """Connections of asyncpg's own pool; what never changes between transactions is not reset after each."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._pool: Any = None
        self._opening = asyncio.Lock()

    async def write(self, work: Work[T], *, is_long: bool) -> T:  # noqa: ARG002  long or not, the loop goes on
        pool = self._pool or await self._open()
        async with pool.acquire(timeout=_PATIENCE_SECONDS) as driver, driver.transaction():
            return await greenlet_spawn(work, _on_postgres(driver))

    async def read(self, work: Work[T]) -> T:
        """A lone statement needs no BEGIN and COMMIT around it."""
        pool = self._pool or await self._open()
        async with pool.acquire(timeout=_PATIENCE_SECONDS) as driver:
            return await greenlet_spawn(work, _on_postgres(driver))

    async def _open(self) -> Any:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    # All at once: the first changes need not wait for them.
                    min_size=_CONNECTIONS,
                    max_size=_CONNECTIONS,
                    init=_prepare,
                    reset=_as_it_is,
                    **_OPTIONS | self._options(),
                )
        return self._pool

    def _options(self) -> dict[str, Any]:
        """The address as SQLAlchemy reads it: what it says of TLS, say, holds for both."""
        dialect = self._url.get_dialect()()
        _, options = dialect.create_connect_args(self._url)
        return {name: value for name, value in options.items() if name not in _SQLALCHEMYS_OWN}

    async def close(self) -> None:
        if self._pool is None:
            return
        try:
            await asyncio.wait_for(self._pool.close(), _CLOSING_SECONDS)
        except TimeoutError:
            self._pool.terminate()


def _on_postgres(driver: Any) -> Transaction:
    return Transaction("postgresql", lambda text, given: await_only(driver.fetch(text, *given)))


async def _prepare(driver: Any) -> None:
    await driver.set_type_codec("jsonb", schema="pg_catalog", encoder=encode_text, decoder=decode)
    settings = _SETTINGS | {"idle_in_transaction_session_timeout": str(IDLE_TRANSACTION_MS)}
    await driver.execute(";".join(f"SET {name} = {value}" for name, value in settings.items()))


async def _as_it_is(_driver: Any) -> None:
    pass
