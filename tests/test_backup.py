"""Backups: taken under load, whole or not there at all; what is brought back is not believed too much."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.database import Database, copies
from app.errors import BridgeError
from tests.changes.steps import deliver, end, sku_in_store
from tests.postgres import Postgres, bundled_binaries
from tests.processes import toml
from tests.running import RunningBridge, RunningSandbox, configuration, running_bridge, until
from tests.test_command import Command

PRICE = {"sku": "S1", "base": "110.00"}


def events(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        return int(database.execute("SELECT count(*) FROM event").fetchone()[0])


def file_of(url: str) -> Path:
    return Path(str(make_url(url).database))


@pytest.fixture
def command(migrated_sqlite_url: str, tmp_path: Path) -> Command:
    return Command(tmp_path, migrated_sqlite_url)


def test_a_file_that_exists_is_not_written_over(command: Command, tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_text("precious")
    ended = command.run("backup", str(there))
    assert (ended.returncode, there.read_text()) == (2, "precious")
    assert "exists; name a file that does not" in ended.stderr


@pytest.mark.parametrize(
    "content", [b"", b"no database at all, whatever its name is" * 200], ids=["empty", "other"]
)
def test_what_is_no_database_of_the_bridge_is_not_restored(
    command: Command, migrated_sqlite_url: str, tmp_path: Path, content: bytes
) -> None:
    odd = tmp_path / "odd.db"
    odd.write_bytes(content)
    before = file_of(migrated_sqlite_url).read_bytes()
    ended = command.run("restore", str(odd))
    assert ended.returncode == 2
    assert "is no database of the bridge" in ended.stderr
    assert file_of(migrated_sqlite_url).read_bytes() == before


def test_a_damaged_copy_is_not_restored(command: Command, migrated_sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copies.copy(file_of(migrated_sqlite_url), copy)
    content = bytearray(copy.read_bytes())
    content[4096 * 3 : 4096 * 9] = b"\xff" * (4096 * 6)
    copy.write_bytes(content)
    ended = command.run("restore", str(copy))
    assert ended.returncode == 2
    assert "damaged" in ended.stderr or "no database of the bridge" in ended.stderr


async def test_nothing_is_restored_while_the_bridge_runs(
    migrated_sqlite_url: str, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    copies.copy(file_of(migrated_sqlite_url), copy)
    async with running_bridge(migrated_sqlite_url, sandbox.url, orders={"sources": []}):
        with pytest.raises(BridgeError, match=r"is in use .* stop the bridge first"):
            copies.check_unused(file_of(migrated_sqlite_url))
    copies.check_unused(file_of(migrated_sqlite_url))


@dataclass
class Load:
    answered: int = 0

    async def post(self, bridge: RunningBridge) -> None:
        """Stock of SKUs that there are not: it is accepted, and waits."""
        while True:
            skus = [f"S{self.answered + each}" for each in range(50)]
            stock = [{"sku": sku, "warehouse": "1_1", "quantity": 1} for sku in skus]
            self.answered += len(await bridge.post("stock", stock))


@asynccontextmanager
async def under_load(url: str, sandbox: RunningSandbox) -> AsyncIterator[Load]:
    load = Load()
    async with running_bridge(url, sandbox.url, orders={"sources": []}) as bridge:
        posting = asyncio.create_task(load.post(bridge))
        await until(lambda: load.answered >= 500, "the load is there")
        yield load
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)


async def test_a_copy_under_load_is_whole_and_has_all_that_was_answered_before_it(
    migrated_sqlite_url: str, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    async with under_load(migrated_sqlite_url, sandbox) as load:
        before = load.answered
        await asyncio.to_thread(copies.copy, file_of(migrated_sqlite_url), copy)
        after = load.answered
    assert before <= events(copy) <= after + 50
    copies.check(copy)
    assert _is_private_and_alone(copy)


async def test_a_dump_of_postgresql_under_load_has_all_that_was_answered_before_it(
    migrated_postgres: Postgres, migrated_postgres_url: str, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    dump = tmp_path / "bridge.dump"
    async with under_load(migrated_postgres_url, sandbox) as load:
        before = load.answered
        await _run("pg_dump", "--format=custom", f"--file={dump}", _plain(migrated_postgres_url))
        after = load.answered
    restored = await migrated_postgres.create_database(empty=True)
    await _run("pg_restore", f"--dbname={_plain(restored)}", str(dump))
    database = Database(restored)
    async with database.read() as connection:
        found = await connection.scalar(text("SELECT count(*) FROM event")) or 0
    await database.close()
    assert before <= found <= after + 50
    recovered = await asyncio.to_thread(Command(tmp_path, restored).run, "recovered")
    assert recovered.stdout.startswith(f"{found} entities are sent at their next change"), recovered.stderr


def _plain(url: str) -> str:
    """As PostgreSQL's own programs read it."""
    return url.replace("+asyncpg", "")


async def _run(program: str, *arguments: str) -> None:
    started = await asyncio.create_subprocess_exec(str(bundled_binaries() / program), *arguments, stderr=-1)
    _, said = await started.communicate()
    assert started.returncode == 0, said.decode()


def _is_private_and_alone(copy: Path) -> bool:
    return copy.stat().st_mode & 0o077 == 0 and not [*copy.parent.glob(".copy*")]


async def test_what_vtex_acknowledged_after_the_copy_is_not_taken_for_what_it_has(
    migrated_sqlite_url: str, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """110 acknowledged, copied, 120 acknowledged, brought back: 110 again must be written again."""
    command, copy = Command(tmp_path, migrated_sqlite_url), tmp_path / "copy.db"
    settings = configuration(migrated_sqlite_url, sandbox.url, orders={"sources": []})
    command.file.write_text(toml(settings))
    async with running_bridge(migrated_sqlite_url, sandbox.url, orders={"sources": []}) as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "price", PRICE)
        copies.copy(file_of(migrated_sqlite_url), copy)
        await deliver(bridge, "price", PRICE | {"base": "120.00"})
    restored = await asyncio.to_thread(command.run, "restore", str(copy))
    assert restored.returncode == 0, restored.stderr
    assert "3 entities are sent at their next change" in restored.stdout
    assert "what was there is" in restored.stdout
    aside = Path(restored.stdout.split("what was there is ")[1].split(" now")[0])
    async with running_bridge(migrated_sqlite_url, sandbox.url, orders={"sources": []}) as bridge:
        await deliver(bridge, "price", PRICE)
        await end(bridge, "price", PRICE, "unchanged")
    [price] = (await sandbox.state())["prices"]
    assert float(price["basePrice"]) == 110
    assert events(aside) == 4


def test_on_postgresql_its_own_tools_are_named(postgres_url: str, tmp_path: Path) -> None:
    for arguments in (["backup", str(tmp_path / "copy.db")], ["restore", str(tmp_path / "copy.db")]):
        ended = Command(tmp_path, postgres_url).run(*arguments)
        assert ended.returncode == 2
        assert "PostgreSQL is backed up by its own tools" in ended.stderr
