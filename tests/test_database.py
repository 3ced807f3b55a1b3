"""The database's errors: "not now" is DatabaseUnavailable, a faulty statement stays what it is."""

import asyncio
import os
import signal
import socket
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, InternalError, ProgrammingError

from app.database import Database, may_rerun
from app.database.outages import translated
from app.errors import DatabaseUnavailable
from tests.postgres import Postgres, StopMode

#: Holds SQLite's write lock until its standard input is closed.
LOCKING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
KEY = "INSERT INTO binding (connection, kind, code, vtex_id) VALUES ('acme', 'sku', 'A', 1)"


@pytest.fixture
async def database(migrated_database_url: str) -> AsyncIterator[Database]:
    database = Database(migrated_database_url)
    yield database
    await database.close()


async def test_a_driver_that_cannot_go_on_is_an_outage_also_through_sqlalchemy() -> None:
    cause = asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")
    with pytest.raises(DatabaseUnavailable, match="another operation"):
        async with translated():
            raise InternalError("SELECT 1", {}, cause)


@pytest.fixture
async def on_postgres(migrated_postgres_url: str) -> AsyncIterator[Database]:
    database = Database(migrated_postgres_url)
    yield database
    await database.close()


@pytest.fixture
async def on_sqlite(migrated_sqlite_url: str) -> AsyncIterator[Database]:
    database = Database(migrated_sqlite_url)
    yield database
    await database.close()


async def _write(database: Database, *statements: str) -> None:
    async with database.write() as connection:
        for statement in statements or ["SELECT 1"]:
            await connection.execute(text(statement))


async def _write_while(database: Database, happening: Callable[[], object], *then: str) -> None:
    async with database.write() as connection:
        await connection.execute(text(KEY))
        await asyncio.to_thread(happening)
        for statement in then:
            await connection.execute(text(statement))


async def test_a_refused_connection_is_an_outage() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        database = Database(f"postgresql+asyncpg://u:p@127.0.0.1:{free.getsockname()[1]}/bridge")
        with pytest.raises(DatabaseUnavailable):
            await _write(database)
    await database.close()


async def test_a_host_without_an_address_is_an_outage() -> None:
    database = Database("postgresql+asyncpg://u:p@database.invalid/bridge")
    with pytest.raises(DatabaseUnavailable):
        await _write(database)
    await database.close()


async def test_a_server_that_shuts_down_and_refuses_newcomers_is_an_outage(
    on_postgres: Database, migrated_postgres_url: str, postgres: Postgres
) -> None:
    late = Database(migrated_postgres_url)
    async with on_postgres.read():
        # A smart shutdown waits for us, and tells newcomers that it shuts down.
        assert postgres.pid
        os.kill(postgres.pid, signal.SIGTERM)
        await asyncio.sleep(0.3)
        with pytest.raises(DatabaseUnavailable):
            await _write(late)
    await late.close()
    await on_postgres.close()
    await asyncio.to_thread(postgres.restart)
    await _write(on_postgres)


async def test_a_database_that_does_not_exist_is_an_outage(migrated_postgres_url: str) -> None:
    database = Database(f"{migrated_postgres_url}_gone")
    with pytest.raises(DatabaseUnavailable):
        await _write(database)
    await database.close()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_server_that_stops_midway_is_an_outage(
    on_postgres: Database, postgres: Postgres, mode: StopMode
) -> None:
    with pytest.raises(DatabaseUnavailable):
        await _write_while(on_postgres, lambda: postgres.stop(mode), "SELECT 1")
    await asyncio.to_thread(postgres.start)
    async with on_postgres.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM binding")) == 0


async def test_a_server_that_stops_before_the_commit_is_an_outage(
    on_postgres: Database, postgres: Postgres
) -> None:
    with pytest.raises(DatabaseUnavailable):
        await _write_while(on_postgres, postgres.stop)
    await asyncio.to_thread(postgres.start)
    async with on_postgres.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM binding")) == 0


async def test_a_server_that_was_restarted_serves_again(on_postgres: Database, postgres: Postgres) -> None:
    await _write(on_postgres)
    await asyncio.to_thread(postgres.restart)
    # The pool's old connections are found dead and replaced, at the price of one outage at most.
    try:
        await _write(on_postgres)
    except DatabaseUnavailable:
        await _write(on_postgres)


async def test_an_exhausted_pool_is_an_outage(on_postgres: Database) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(on_postgres.write())
        with pytest.raises(DatabaseUnavailable):
            await _write(on_postgres)


async def test_a_lock_of_another_process_is_an_outage(on_sqlite: Database, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOCKING, str(tmp_path / "bridge.db")]
    other = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert other.stdout
    await other.stdout.readline()
    with pytest.raises(DatabaseUnavailable, match="locked"):
        await _write(on_sqlite)
    await other.communicate(b"")
    await _write(on_sqlite, KEY)


async def test_a_write_that_stands_behind_others_for_long_is_an_outage(on_sqlite: Database) -> None:
    async with on_sqlite.write():
        with pytest.raises(DatabaseUnavailable, match="locked"):
            await on_sqlite.run(lambda transaction: transaction.fetch(KEY, ()))
    await _write(on_sqlite, KEY)


async def test_a_full_disk_is_an_outage(on_sqlite: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="full"):
        await _write(on_sqlite, "PRAGMA max_page_count = 1", "CREATE TABLE big AS SELECT randomblob(100000)")


async def test_readers_of_sqlite_do_not_wait_for_the_writer(on_sqlite: Database) -> None:
    async with on_sqlite.write() as connection:
        await connection.execute(text(KEY))
        async with asyncio.timeout(5), on_sqlite.read() as reader:
            assert await reader.scalar(text("SELECT count(*) FROM binding")) == 0


async def test_sqlite_syncs_each_commit_to_the_disk(on_sqlite: Database, tmp_path: Path) -> None:
    async with on_sqlite.read() as connection:
        # 2 is FULL.
        assert await connection.scalar(text("PRAGMA synchronous")) == 2
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_deadlock_may_run_again(on_postgres: Database) -> None:
    await _write(on_postgres, KEY)
    await _write(on_postgres, KEY.replace("'A'", "'B'"))
    lock = "UPDATE binding SET vtex_id = 2 WHERE code = '{}'"
    both_locked = asyncio.Barrier(2)

    async def cross(first: str, second: str) -> None:
        async with on_postgres.write() as connection:
            await connection.execute(text(lock.format(first)))
            await both_locked.wait()
            await connection.execute(text(lock.format(second)))

    results = await asyncio.gather(cross("A", "B"), cross("B", "A"), return_exceptions=True)
    [error] = [each for each in results if each is not None]
    assert isinstance(error, DatabaseUnavailable)
    assert may_rerun(error)


async def test_an_outage_may_not_simply_run_again() -> None:
    database = Database("postgresql+asyncpg://u:p@127.0.0.1:1/bridge")
    with pytest.raises(DatabaseUnavailable) as caught:
        await _write(database)
    assert not may_rerun(caught.value)
    await database.close()


async def test_a_violated_constraint_stays_what_it_is(database: Database) -> None:
    await _write(database, KEY)
    with pytest.raises(IntegrityError):
        await _write(database, KEY)


async def test_a_faulty_statement_stays_what_it_is(on_postgres: Database) -> None:
    with pytest.raises(ProgrammingError):
        await _write(on_postgres, "SELECT nonsense")


async def test_a_failed_transaction_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await _write(database, KEY, KEY)
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM binding")) == 0


async def test_a_process_frozen_in_a_transaction_does_not_hold_its_locks_for_ever(
    migrated_postgres_url: str,
) -> None:
    database = Database(migrated_postgres_url)
    async with database.write() as connection:
        allowed = await connection.scalar(text("SHOW idle_in_transaction_session_timeout"))
        with pytest.raises(DatabaseUnavailable):  # noqa: PT012  the block is the transaction
            async with database.write() as frozen:
                await frozen.execute(text("SET LOCAL idle_in_transaction_session_timeout = 100"))
                await asyncio.sleep(0.5)
                await frozen.execute(text("SELECT 1"))
        await connection.execute(text("SELECT 1"))
    assert allowed == "10s"
    await database.close()


async def test_what_the_address_says_of_tls_holds_for_every_connection(migrated_postgres_url: str) -> None:
    database = Database(f"{migrated_postgres_url}?ssl=prefer")
    await _write(database)
    assert await database.run(lambda transaction: transaction.fetch("SELECT 1 AS one", ())) == [(1,)]
    await database.close()


async def test_a_faulty_statement_of_a_hot_path_is_no_outage(database: Database) -> None:
    with pytest.raises((sqlite3.OperationalError, asyncpg.UndefinedColumnError)):
        await database.run(lambda transaction: transaction.fetch("SELECT nonsense FROM lane", ()))
