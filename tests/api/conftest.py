from collections.abc import AsyncIterator

import pytest

from tests.api.intake import Intake, open_intake


@pytest.fixture
async def intake(migrated_database_url: str) -> AsyncIterator[Intake]:
    async with open_intake(migrated_database_url) as opened:
        yield opened


@pytest.fixture
async def intake_on_sqlite(migrated_sqlite_url: str) -> AsyncIterator[Intake]:
    """For what never reaches the database."""
    async with open_intake(migrated_sqlite_url) as opened:
        yield opened


@pytest.fixture
async def intake_on_postgres(migrated_postgres_url: str) -> AsyncIterator[Intake]:
    async with open_intake(migrated_postgres_url) as opened:
        yield opened
