"""Databases for every test: SQLite files and a real PostgreSQL, empty or migrated."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import pytest

from app import logging
from tests.contract.rest import RestContract
from tests.contract.soap import SoapContract
from tests.postgres import Postgres
from tests.running import SECRETS, RunningBridge, RunningSandbox, running_bridge, running_sandbox

Result = TypeVar("Result")

# What an example takes says more about the machine than about us.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def in_own_loop(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """A thread's loop: the fixtures serve sync and async tests and outlive any test's loop."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@pytest.fixture(autouse=True, scope="session")
def quiet_logs() -> None:
    logging.configure("warning")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        in_own_loop(server.close())


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'bridge.db'}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    # A test may have stopped the server before us.
    postgres.start()
    url = in_own_loop(postgres.create_database(empty=True))
    yield url
    postgres.start()
    in_own_loop(postgres.drop_database(url))


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from app.database import migrate  # noqa: PLC0415

    template = tmp_path_factory.mktemp("template") / "bridge.db"
    in_own_loop(migrate(f"sqlite+aiosqlite:///{template}"))
    with closing(sqlite3.connect(template)) as connection:
        # The copy is of this one file: nothing may be left in the write-ahead log.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return template


@pytest.fixture
def migrated_sqlite_url(sqlite_url: str, sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "bridge.db")
    return sqlite_url


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> Postgres:
    from app.database import migrate  # noqa: PLC0415

    postgres.start()
    in_own_loop(postgres.prepare_template(migrate))
    return postgres


@pytest.fixture
def migrated_postgres_url(migrated_postgres: Postgres) -> Iterator[str]:
    migrated_postgres.start()
    url = in_own_loop(migrated_postgres.create_database())
    yield url
    migrated_postgres.start()
    in_own_loop(migrated_postgres.drop_database(url))


@pytest.fixture(params=["sqlite", "postgres"])
def migrated_database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"migrated_{request.param}_url"))


@pytest.fixture(scope="session")
def rest_contract() -> RestContract:
    """VTEX's OpenAPI is no part of the repository; where it lies beside it, or in CI, it is a must."""
    contract = RestContract.load()
    if contract is None:
        missing = "VTEX's OpenAPI files are missing: set VTEX_OPENAPI_DIR"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return contract


@pytest.fixture(scope="session")
def soap_contract() -> SoapContract:
    return SoapContract()


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets that test configurations refer to."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
async def sandbox(rest_contract: RestContract) -> AsyncIterator[RunningSandbox]:
    """A running store and ERP; every request to it must have been valid against VTEX's contracts."""
    async with running_sandbox(rest_contract) as running:
        yield running
        assert running.recorder.violations == []


@pytest.fixture
async def bridge(migrated_database_url: str, sandbox: RunningSandbox) -> AsyncIterator[RunningBridge]:
    """All roles, on each database, against the sandbox."""
    async with running_bridge(migrated_database_url, sandbox.url) as running:
        yield running
