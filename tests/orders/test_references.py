"""The ERP's own numbers of orders: the last that it said, per connection, on each database."""

from collections.abc import AsyncIterator

import pytest

from app.database import Database
from app.orders.references import References


@pytest.fixture
async def database(migrated_database_url: str) -> AsyncIterator[Database]:
    opened = Database(migrated_database_url)
    yield opened
    await opened.close()


async def test_the_last_that_the_erp_said_counts(database: Database) -> None:
    references = References(database, "acme")
    assert await references.of(["1-01"]) == {}
    await references.put("1-01", "PED-1")
    await references.put("1-01", "PED-2")
    await references.put("2-01", "PED-3")
    assert await references.of(["1-01", "2-01", "3-01"]) == {"1-01": "PED-2", "2-01": "PED-3"}


async def test_connections_never_see_each_other(database: Database) -> None:
    await References(database, "acme").put("1-01", "PED-1")
    assert await References(database, "other").of(["1-01"]) == {}
