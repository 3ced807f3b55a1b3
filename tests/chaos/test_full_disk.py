"""A full disk: intake answers 503 with Retry-After, and goes on by itself when there is room again."""

import asyncio
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import make_url

from app.database import Database, migrate
from app.keys import Keys
from tests.chaos.erp import Erp
from tests.chaos.processes import installation
from tests.chaos.verdict import all_ended, nothing_is_lost, nothing_is_out_of_order
from tests.postgres import Postgres
from tests.running import RunningSandbox, configuration, until

MEGABYTES = 48
ROLES = {"sqlite": ["all"], "postgres": ["api", "dispatcher"]}


@pytest.fixture
def disk() -> Iterator[Path]:
    """A file system of its own that is small."""
    # Not below pytest's folder, which PostgreSQL's user cannot reach.
    folder = Path(tempfile.mkdtemp(prefix="bridge-disk-"))
    folder.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=0777", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        folder.rmdir()
        missing = "only root may mount a small file system"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
async def test_a_full_disk_is_told_and_survived(
    backend: str,
    disk: Path,
    request: pytest.FixtureRequest,
    store: RunningSandbox,
    tmp_path: Path,
    chance: random.Random,
) -> None:
    if backend == "sqlite":
        url = f"sqlite+aiosqlite:///{disk / 'bridge.db'}"
    else:
        url = await _database_on(disk, request.getfixturevalue("own_postgres"))
    await migrate(url)
    database = Database(url)
    key = await Keys(database).create("acme")
    settings = configuration(url, store.url, orders={"sources": []}, delivery={"lease_seconds": 3})
    async with installation(settings, tmp_path, ROLES[backend]) as processes:
        pids = [process.pid for process in processes]
        erp = Erp([processes[0].url], key, chance)
        await erp.post_catalogue()
        _fill(disk)
        sending = asyncio.create_task(erp.keep_sending(120, rate=150))
        await until(lambda: erp.statuses[503] > 20, "the full disk is told", seconds=60)
        accepted = erp.statuses[202]
        (disk / "filler").unlink()
        await until(lambda: erp.statuses[202] > accepted + 20, "intake goes on", seconds=30)
        erp.enough.set()
        await sending
        await until(lambda: all_ended(database), "every event has ended", seconds=60, every=0.3)
        assert [process.pid for process in processes] == pids
    await erp.close()
    assert erp.impatient == 0
    assert erp.refused == []
    await nothing_is_lost(database, erp, store)
    await nothing_is_out_of_order(store)
    await database.close()


async def _database_on(disk: Path, postgres: Postgres) -> str:
    """Its tables lie on the small disk; the server's own log of changes does not."""
    folder = disk / "tablespace"
    folder.mkdir()
    shutil.chown(folder, "nobody")
    admin = await asyncpg.connect(postgres.url("postgres").replace("+asyncpg", ""))
    try:
        await admin.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
        await admin.execute("CREATE DATABASE bridge TABLESPACE small")
    finally:
        await admin.close()
    return make_url(postgres.url("bridge")).render_as_string(hide_password=False)


def _fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as filler:
        for size in (2**20, 2**12):
            try:
                while True:
                    filler.write(b"\0" * size)
            except OSError:
                continue
