"""One poller asks a connection's sources, however many run; another takes over when it goes or dies."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.database import Database
from app.orders.leadership import Leadership


@pytest.fixture
async def database(migrated_postgres_url: str) -> AsyncIterator[Database]:
    database = Database(migrated_postgres_url)
    yield database
    await database.close()


async def test_nobody_leads_before_asking(database: Database) -> None:
    assert not Leadership(database, "acme").is_ours


async def test_the_second_does_not_lead_while_the_first_renews(database: Database) -> None:
    first, second = Leadership(database, "acme"), Leadership(database, "acme")
    for _ in range(2):
        await first.take_or_renew()
        await second.take_or_renew()
    assert (first.is_ours, second.is_ours) == (True, False)


async def test_each_connection_has_a_leader_of_its_own(database: Database) -> None:
    first, second = Leadership(database, "acme"), Leadership(database, "beta")
    await first.take_or_renew()
    await second.take_or_renew()
    assert first.is_ours
    assert second.is_ours


async def test_who_gives_up_leaves_it_to_the_next_at_once(database: Database) -> None:
    first, second = Leadership(database, "acme"), Leadership(database, "acme")
    await first.take_or_renew()
    await first.give_up()
    await second.take_or_renew()
    assert (first.is_ours, second.is_ours) == (False, True)


async def test_the_lease_of_one_who_died_ends_by_itself(database: Database) -> None:
    first, second = Leadership(database, "acme"), Leadership(database, "acme")
    await first.take_or_renew()
    ended = datetime.now(UTC) - timedelta(seconds=1)
    async with database.write() as transaction:
        await transaction.execute(text("UPDATE poller_lease SET until = :ended"), {"ended": ended})
    await second.take_or_renew()
    assert second.is_ours
    await first.take_or_renew()
    assert not first.is_ours


async def test_on_sqlite_the_one_process_leads(migrated_sqlite_url: str) -> None:
    database = Database(migrated_sqlite_url)
    assert Leadership(database, "acme").is_ours
    await database.close()
