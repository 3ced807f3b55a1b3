"""Migrations: the schema is what the models say, and migrating is safe to repeat and to race."""

import asyncio
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlmodel import SQLModel

# Every module with a table, so that the metadata is whole.
from app import audit, bindings, keys
from app.database import Database, is_migrated, migrate
from app.drift import report
from app.orders import erasure, feed, hints, leadership, open_items, references, sightings
from app.paces import tables
from app.queue import models

MODELS: list[type[SQLModel]] = [
    bindings.Binding,
    bindings.Creation,
    keys.ApiKey,
    audit.AuditLine,
    tables.Budget,
    tables.ApiPause,
    hints.OrderHint,
    sightings.OrderRead,
    sightings.OrderStatusSeen,
    feed.ConfiguredFeed,
    erasure.ErasedOrder,
    leadership.PollerLease,
    references.OrderReference,
    open_items.OpenOrderItem,
    report.DriftReport,
    models.Lane,
    models.Event,
    models.Attempt,
]


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, SQLModel.metadata))


async def test_an_empty_database_is_not_migrated(database_url: str) -> None:
    database = Database(database_url)
    assert not await is_migrated(database)
    await database.close()


async def test_a_database_of_another_revision_is_not_migrated(migrated_database_url: str) -> None:
    database = Database(migrated_database_url)
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert not await is_migrated(database)
    await database.close()


async def test_a_migrated_database_is_migrated(database_url: str) -> None:
    await migrate(database_url)
    database = Database(database_url)
    assert await is_migrated(database)
    await database.close()


async def test_an_empty_schema_differs_from_the_models(database_url: str) -> None:
    database = Database(database_url)
    async with database.read() as connection:
        missing = await connection.run_sync(_differences)
    tables = {each[1].name for each in missing if each[0] == "add_table"}
    assert {str(model.__tablename__) for model in MODELS} <= tables
    await database.close()


async def test_the_migrated_schema_is_what_the_models_say(database_url: str) -> None:
    await migrate(database_url)
    database = Database(database_url)
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []
    await database.close()


async def test_the_conditions_of_the_partial_indexes_are_what_the_models_say(
    migrated_database_url: str,
) -> None:
    """compare_metadata does not look at them."""
    database = Database(migrated_database_url)
    table, name, source = (
        ("sqlite_master", "name", "sql") if database.on_sqlite else ("pg_indexes", "indexname", "indexdef")
    )
    async with database.read() as connection:
        found = await connection.execute(text(f"SELECT {name}, {source} FROM {table} WHERE {source} <> ''"))
        definitions: dict[str, str] = {row[0]: row[1] for row in found}
    await database.close()
    for model in (models.Lane, models.Event):
        for index in SQLModel.metadata.tables[str(model.__tablename__)].indexes:
            condition = index.dialect_options["postgresql"]["where"]
            assert index.dialect_options["sqlite"]["where"] is None or condition is not None
            stored = definitions[str(index.name)].partition(" WHERE ")[2].strip("()")
            assert stored == (str(condition) if condition is not None else "")


async def test_migrating_twice_keeps_what_is_stored(database_url: str) -> None:
    await migrate(database_url)
    key = await _with_key(database_url)
    await migrate(database_url)
    database = Database(database_url)
    caller = await keys.Keys(database).caller(key)
    assert caller is not None
    assert caller.connection == "acme"
    await database.close()


async def _with_key(database_url: str) -> str:
    database = Database(database_url)
    key = await keys.Keys(database).create("acme")
    await database.close()
    return key


async def test_replicas_that_migrate_together_all_succeed(postgres_url: str) -> None:
    await asyncio.gather(*(migrate(postgres_url) for _ in range(4)))
    database = Database(postgres_url)
    assert await is_migrated(database)
    await database.close()
