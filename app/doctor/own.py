"""What concerns all connections: the configuration, the database, its schema."""

from collections.abc import Collection
from pathlib import Path

from sqlalchemy.engine import make_url

from app.changes import KINDS, ownership
from app.config import Settings
from app.database import Database, is_migrated
from app.doctor.findings import Finding, NotInOrder, Question, Result
from app.errors import DatabaseUnavailable
from app.http.proxies import Proxies

_DATABASE = "database_url and database_password"


def configuration_findings(mistakes: Collection[str]) -> list[Finding]:
    """Each mistake names its place and the fix."""
    found = [Finding("configuration", Result.ILL, remedy=mistake) for mistake in mistakes]
    return found or [Finding("configuration")]


def read_configuration(settings: Settings) -> list[Finding]:
    return configuration_findings([*ownership.mistakes(settings.connections, KINDS), *Proxies().mistakes()])


def _missing_file(settings: Settings) -> str | None:
    file = make_url(settings.database).database
    return file if settings.on_sqlite and file and not Path(file).exists() else None


async def examine_database(settings: Settings, database: Database) -> list[Finding]:
    """Two findings: that it answers, and that its schema is ours."""
    migrated = False

    async def ask() -> str:
        nonlocal migrated
        if file := _missing_file(settings):
            # To connect would make an empty one.
            raise NotInOrder(f"there is no file {file}", f"check {_DATABASE}, or run `bridge migrate`")
        try:
            migrated = await is_migrated(database)
        except DatabaseUnavailable as error:
            raise NotInOrder(
                f"it cannot be reached: {error}", f"check {_DATABASE}, and that it runs"
            ) from error
        return "SQLite" if settings.on_sqlite else "PostgreSQL"

    found = await Question("database", _DATABASE, ask).asked()
    if found.result is not Result.OK:
        return [found, Finding("schema", Result.UNASKED, "not asked: the database cannot be reached")]
    if migrated:
        return [found, Finding("schema")]
    return [found, Finding("schema", Result.ILL, "it is not this version's", "run `bridge migrate`")]
