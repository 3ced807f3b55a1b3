"""The schema's revisions: brought to the newest, and asked for."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from app.database.engines import open_engine
from app.database.outages import translated
from app.database.transactions import Database

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"


async def migrate(url: str) -> None:
    """Bring the schema to the newest revision; replicas that start together wait for one another."""
    engine = open_engine(url, pool_size=1)
    try:
        async with translated(), engine.begin() as connection:
            if make_url(url).get_backend_name() != "sqlite":
                await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(724211)")
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


async def is_migrated(database: Database) -> bool:
    """Whether the schema is at the revision that this code was written for."""

    def revision(connection: Connection) -> bool:
        head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == head

    async with database.read() as connection:
        return await connection.run_sync(revision)
