"""How a key is looked up: once for all who ask at once, and remembered for two seconds."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app.database import Database
from app.errors import DatabaseUnavailable
from app.keys import Keys
from tests.running import transactions, until


class Lookups:
    """Keys with a clock that the test moves."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.now = 1000.0
        self.keys = Keys(self.database, clock=lambda: self.now)

    async def connection_of(self, key: str) -> str | None:
        caller = await self.keys.caller(key)
        return caller.connection if caller else None


@pytest.fixture
async def lookups(migrated_database_url: str) -> AsyncIterator[Lookups]:
    opened = Lookups(migrated_database_url)
    yield opened
    await opened.database.close()


@pytest.fixture
async def lookups_on_postgres(migrated_postgres_url: str) -> AsyncIterator[Lookups]:
    opened = Lookups(migrated_postgres_url)
    yield opened
    await opened.database.close()


async def test_many_who_ask_at_once_share_one_look_up(lookups: Lookups) -> None:
    key = await lookups.keys.create("acme")
    for _ in range(2):
        before = transactions()
        found = await asyncio.gather(*(lookups.connection_of(key) for _ in range(20)))
        assert found == ["acme"] * 20
        assert transactions() - before == 1
        lookups.now += 2


@pytest.mark.parametrize(("after", "found"), [(1.9, "acme"), (2.0, None)])
async def test_a_key_revoked_elsewhere_is_known_for_two_seconds_and_no_longer(
    lookups: Lookups, after: float, found: str | None
) -> None:
    key = await lookups.keys.create("acme")
    assert await lookups.connection_of(key) == "acme"
    await Keys(lookups.database).revoke(key)
    lookups.now += after / 2
    # Asking does not make it be known for longer.
    assert await lookups.connection_of(key) == "acme"
    lookups.now += after / 2
    assert await lookups.connection_of(key) == found


async def test_who_gives_up_takes_no_others_answer_away(lookups: Lookups) -> None:
    key = await lookups.keys.create("acme")
    impatient, patient = [asyncio.create_task(lookups.connection_of(key)) for _ in range(2)]
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == "acme"
    assert impatient.cancelled()


async def test_a_failed_look_up_is_not_remembered(lookups: Lookups) -> None:
    key = await lookups.keys.create("acme")
    async with lookups.database.write() as connection:
        await connection.execute(text("ALTER TABLE api_key RENAME TO elsewhere"))
    with pytest.raises(DatabaseUnavailable):
        await lookups.connection_of(key)
    async with lookups.database.write() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO api_key"))
    assert await lookups.connection_of(key) == "acme"


async def test_a_look_up_that_takes_long_does_not_answer_who_came_two_seconds_later(
    lookups_on_postgres: Lookups,
) -> None:
    lookups = lookups_on_postgres
    key = await lookups.keys.create("acme")
    async with lookups.database.write() as connection:
        await connection.execute(text("LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE"))
        before = transactions()
        early = asyncio.create_task(lookups.connection_of(key))
        await until(lambda: transactions() - before == 1, "the first look-up waits")
        lookups.now += 2
        late = [asyncio.create_task(lookups.connection_of(key)) for _ in range(2)]
        await until(lambda: transactions() - before == 2, "the second look-up waits")
    assert await asyncio.gather(early, *late) == ["acme"] * 3
    assert transactions() - before == 2
