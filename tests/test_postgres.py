"""The tests' own PostgreSQL: databases from a template, crashes survived, nothing left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psutil
import pytest
from sqlalchemy import make_url

from tests.conftest import in_own_loop
from tests.postgres import Postgres

#: Starts a server, says its pid, and waits to be killed.
ORPHANING = """
import time
from tests.postgres import Postgres
server = Postgres()
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


async def execute(url: str, statement: str) -> list[Any]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        rows: list[Any] = await connection.fetch(statement)
        return rows
    finally:
        await connection.close()


async def prepare(url: str) -> None:
    await execute(url, "CREATE TABLE prepared (id int)")


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("bridge-postgres-*"))


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One that may be killed, whatever TEST_DATABASE_URL says."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("TEST_DATABASE_URL", raising=False)
        server = Postgres()
    yield server
    in_own_loop(server.close())


@pytest.fixture
def own(server: Postgres) -> Postgres:
    server.start()
    return server


def test_another_driver_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://127.0.0.1/db")

    with pytest.raises(ValueError, match="asyncpg"):
        Postgres()


async def test_only_databases_of_ours_are_dropped(postgres: Postgres) -> None:
    with pytest.raises(ValueError, match="no database of ours"):
        await postgres.drop_database(postgres.url("postgres"))


async def test_the_password_is_needed(own: Postgres) -> None:
    url = await own.create_database()

    guessed = make_url(url).set(password="guess").render_as_string(hide_password=False)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await execute(guessed, "SELECT 1")


async def test_only_loopback_is_listened_on(own: Postgres) -> None:
    assert own.pid
    listening = [
        c.laddr.ip for c in psutil.Process(own.pid).net_connections() if c.status == psutil.CONN_LISTEN
    ]

    assert listening == ["127.0.0.1"]


async def test_the_server_keeps_what_was_committed_when_it_is_killed(own: Postgres) -> None:
    url = await own.create_database()
    await execute(url, "CREATE TABLE kept (id int)")
    pid = own.pid

    own.kill()
    with pytest.raises(OSError, match="Connect call failed"):
        await execute(url, "SELECT 1")
    own.start()

    assert await execute(url, "SELECT * FROM kept") == []
    assert own.pid != pid


@pytest.mark.parametrize("mode", ["smart", "fast", "immediate"])
async def test_the_server_can_be_stopped_and_started(own: Postgres, mode: Any) -> None:
    url = await own.create_database()

    own.stop(mode)
    assert own.pid is None
    own.start()

    assert await execute(url, "SELECT 1")


async def test_connections_end_with_a_kill(own: Postgres) -> None:
    connection = await asyncpg.connect((await own.create_database()).replace("+asyncpg", ""))

    asleep = asyncio.create_task(connection.fetch("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.1)
    await asyncio.to_thread(own.kill)

    with pytest.raises((asyncpg.PostgresConnectionError, OSError)):
        await asleep


async def test_a_database_comes_from_the_template(own: Postgres) -> None:
    await own.prepare_template(prepare)

    began = time.monotonic()
    url = await own.create_database()

    assert await execute(url, "SELECT * FROM prepared") == []
    assert time.monotonic() - began < 2


async def test_an_empty_database_has_none_of_the_template(own: Postgres) -> None:
    await own.prepare_template(prepare)
    url = await own.create_database(empty=True)

    with pytest.raises(asyncpg.UndefinedTableError):
        await execute(url, "SELECT * FROM prepared")


async def test_a_template_with_a_forgotten_connection_still_serves(own: Postgres) -> None:
    forgotten: list[Any] = []

    async def leave_open(url: str) -> None:
        await prepare(url)
        forgotten.append(await asyncpg.connect(url.replace("+asyncpg", "")))

    await own.prepare_template(leave_open)

    assert await execute(await own.create_database(), "SELECT * FROM prepared") == []
    forgotten[0].terminate()


async def test_a_database_in_use_can_be_dropped(own: Postgres) -> None:
    url = await own.create_database()
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))

    await own.drop_database(url)

    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await execute(url, "SELECT 1")
    connection.terminate()


async def test_closing_leaves_no_process_and_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    own = Postgres()
    own.start()
    assert own.pid
    processes = [psutil.Process(own.pid), *psutil.Process(own.pid).children(recursive=True)]
    before = folders()

    await own.close()

    assert not any(process.is_running() for process in processes)
    assert len(before - folders()) == 1


async def test_a_given_server_is_left_as_it_was(own: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    configured = await own.create_database()
    await execute(configured, "CREATE TABLE theirs (id int)")
    names = "SELECT datname FROM pg_database ORDER BY 1"
    before = await execute(configured, names)
    monkeypatch.setenv("TEST_DATABASE_URL", configured)

    given = Postgres()
    given.start()
    await given.prepare_template(prepare)
    await execute(await given.create_database(), "SELECT * FROM prepared")
    await given.close()

    assert await execute(configured, names) == before
    assert await execute(configured, "SELECT * FROM theirs") == []
    with pytest.raises(pytest.skip.Exception, match="not ours"):
        given.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_the_process_that_started_it(number: signal.Signals) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TEST_DATABASE_URL"}
    before = folders()
    with subprocess.Popen(
        [sys.executable, "-c", ORPHANING], env=environment, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        server = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(number)

    deadline = time.monotonic() + 10
    while _lives(server) or folders() - before:
        assert time.monotonic() < deadline, "the server outlived the tests"
        time.sleep(0.05)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_database_of_each_kind(database_url: str, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.id

    assert database_url.startswith(
        {"sqlite": "sqlite+aiosqlite:///", "postgres": "postgresql+asyncpg://"}[kind]
    )
