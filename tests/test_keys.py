"""How a key is looked up: once for all who ask at once, and remembered for two seconds; and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.database import Database
from app.errors import DatabaseUnavailable
from app.keys import CACHE_SECONDS, USUAL, Keys, Scope
from app.roles import Role
from tests.running import running_bridge, transactions, until


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


async def test_a_key_ends_at_its_moment_though_it_is_remembered(lookups: Lookups) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=0.5)
    key = await lookups.keys.create("acme", expires_at=ends)
    assert await lookups.connection_of(key) == "acme"
    await asyncio.sleep((ends - datetime.now(UTC)).total_seconds())
    assert await lookups.connection_of(key) is None
    assert await Keys(lookups.database).caller(key) is None


async def test_a_key_has_the_scopes_and_the_name_that_it_was_made_with(lookups: Lookups) -> None:
    key = await lookups.keys.create("acme", name="prices", scopes=[Scope.CHANGES_WRITE])
    caller = await lookups.keys.caller(key)
    assert caller is not None
    assert caller.who == f"key {key[:10]} (prices)"
    assert caller.may(Scope.CHANGES_WRITE)
    assert not any(caller.may(scope) for scope in Scope if scope is not Scope.CHANGES_WRITE)


async def test_a_key_that_is_older_than_scopes_has_them_all(lookups: Lookups) -> None:
    """And so has one that a replica of the version before makes."""
    key = await lookups.keys.create("acme", scopes=[])
    async with lookups.database.write() as connection:
        await connection.execute(text("CREATE TEMP TABLE old AS SELECT * FROM api_key"))
        await connection.execute(text("DELETE FROM api_key"))
        columns = "sha256, connection, hint, created_at"
        await connection.execute(text(f"INSERT INTO api_key ({columns}) SELECT {columns} FROM old"))
        await connection.execute(text("DROP TABLE old"))
    caller = await lookups.keys.caller(key)
    assert caller is not None
    assert all(caller.may(scope) for scope in Scope)


async def test_a_scope_of_a_later_version_opens_nothing_here(lookups: Lookups) -> None:
    key = await lookups.keys.create("acme", scopes=[])
    async with lookups.database.write() as connection:
        await connection.execute(text("UPDATE api_key SET scopes = 'moon:read'"))
    caller = await lookups.keys.caller(key)
    assert caller is not None
    assert not any(caller.may(scope) for scope in Scope)


def test_without_a_word_a_key_has_every_scope_but_admin() -> None:
    assert set(USUAL) == set(Scope) - {Scope.ADMIN}


async def test_a_revocation_is_heard_by_every_process_at_once(lookups_on_postgres: Lookups) -> None:
    """The clock of the one that hears stands still: it does not merely forget."""
    lookups, other = lookups_on_postgres, Keys(lookups_on_postgres.database)
    key = await lookups.keys.create("acme")
    listening = asyncio.create_task(lookups.keys.listen())
    try:
        await until(lambda: _listens(lookups), "it listens")
        assert await lookups.connection_of(key) == "acme"
        await other.revoke(key)

        async def is_unknown() -> bool:
            return await lookups.connection_of(key) is None

        await until(is_unknown, "the notice came", seconds=CACHE_SECONDS / 2)
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


async def _listens(lookups: Lookups, to: str = "") -> bool:
    query = "SELECT query FROM pg_stat_activity WHERE query ILIKE 'LISTEN%' AND datname = current_database()"
    async with lookups.database.read() as connection:
        return any(to in each for each in await connection.scalars(text(query)))


@pytest.mark.parametrize("role", [Role.API, Role.ALL])
async def test_a_replica_refuses_at_once_what_was_revoked_elsewhere(
    lookups_on_postgres: Lookups, migrated_postgres_url: str, role: Role
) -> None:
    elsewhere = lookups_on_postgres
    async with running_bridge(migrated_postgres_url, "http://127.0.0.1:9", role=role) as replica:
        await until(lambda: _listens(elsewhere, to="bridge_keys"), "it listens")
        assert (await replica.client.get("/v1/events")).status_code == 200
        await elsewhere.keys.revoke(replica.client.headers["authorization"].partition(" ")[2])

        async def is_refused() -> bool:
            return (await replica.client.get("/v1/events")).status_code == 401

        await until(is_refused, "the notice came", seconds=CACHE_SECONDS / 2)
