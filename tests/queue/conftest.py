"""Two stores on one database stand for two processes; their clock moves only when a test says so."""

from collections.abc import AsyncIterator

import pytest

from app.database import Database
from app.queue.store import Store
from tests.queue.making import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(migrated_database_url: str, clock: Clock) -> AsyncIterator[Store]:
    store = Store(Database(migrated_database_url), clock=clock)
    yield store
    await store.drain()
    await store.database.close()


@pytest.fixture
async def postgres_stores(migrated_postgres_url: str, clock: Clock) -> AsyncIterator[tuple[Store, Store]]:
    stores = (
        Store(Database(migrated_postgres_url), clock=clock),
        Store(Database(migrated_postgres_url), clock=clock),
    )
    yield stores
    for store in stores:
        await store.drain()
        await store.database.close()
