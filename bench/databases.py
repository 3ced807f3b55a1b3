"""Databases of a run: SQLite files and a PostgreSQL of our own (fsync on), migrated; and their loading."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import make_url

from app.database import migrate
from tests.postgres import Postgres


@dataclass
class Bench:
    """Where a figure runs: a folder, and databases fresh or copied."""

    folder: Path
    postgres: Postgres
    _names: list[str] = field(default_factory=list)

    async def database(self, backend: str) -> str:
        """A fresh, migrated one: `postgres` or `sqlite`."""
        if backend == "postgres":
            return await self.postgres.create_database()
        self._names.append(backend)
        path = self.folder / f"bridge-{len(self._names)}.db"
        url = f"sqlite+aiosqlite:///{path}"
        await migrate(url)
        return url

    async def empty_database(self) -> str:
        """On PostgreSQL, without our schema: for other engines."""
        return await self.postgres.create_database(empty=True)

    async def copy(self, url: str) -> str:
        """Another with the same content; nobody may be connected to the first."""
        if url.startswith("sqlite"):
            source, _, path = url.partition(":///")
            self._names.append(url)
            target = self.folder / f"bridge-{len(self._names)}.db"
            await asyncio.to_thread(shutil.copy, path, target)
            return f"{source}:///{target}"
        name = f"copy_{uuid4().hex}"
        await execute(
            self.postgres.url("postgres"), f'CREATE DATABASE "{name}" TEMPLATE "{make_url(url).database}"'
        )
        return self.postgres.url(name)


async def execute(url: str, *statements: str) -> None:
    """Outside of any transaction: for what CREATE DATABASE, VACUUM and their like need."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def opened() -> AsyncIterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="bridge-bench-"))
    postgres = Postgres()
    try:
        await asyncio.to_thread(postgres.start)
        # PostgreSQL's own default; the tests make it small so that it starts fast.
        await execute(postgres.url("postgres"), "ALTER SYSTEM SET shared_buffers = '128MB'")
        await asyncio.to_thread(postgres.restart)
        await postgres.prepare_template(migrate)
        yield Bench(folder, postgres)
    finally:
        await postgres.close()
        shutil.rmtree(folder, ignore_errors=True)
