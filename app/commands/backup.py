"""bridge backup, restore, recovered: the database is kept, brought back, and not believed too much."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from app.commands.opening import Config, opened
from app.config import Settings, load
from app.database import copies, migrate
from app.errors import BridgeError

_POSTGRESQL = "PostgreSQL is backed up by its own tools (docs/operators.md, Backups)"


def backup_command(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; it must not exist.")],
    config: Config = None,
) -> None:
    """Copy the SQLite database while the bridge runs; the copy is checked before it has its name.

    The key by which personal data is sealed is not in it: keep that elsewhere, for without it the copy's
    orders cannot be told.

    Exit codes: 0 the copy is there and whole, 2 it is not.

    Examples:

      bridge backup /backups/bridge-2026-11-26.db
    """
    source = _file_of(load(config))
    copies.copy(source, file)
    typer.echo(f"{file}: {file.stat().st_size / 2**20:.1f} MB, whole")


def restore_command(
    file: Annotated[Path, typer.Argument(help="A copy that `bridge backup` made.")], config: Config = None
) -> None:
    """Put a copy in the database's place, while no bridge runs; what was there is set aside, not deleted.

    Nothing that VTEX had acknowledged by then is believed any more: see `bridge recovered`.

    Exit codes: 0 it is in place, 2 it is not, and what was there still is.

    Examples:

      bridge restore /backups/bridge-2026-11-26.db
    """
    settings = load(config)
    target = _file_of(settings)
    copies.check(file)
    if target.exists():
        copies.check_unused(target)
    incoming = target.with_name(f".{target.name}.incoming")
    incoming.unlink(missing_ok=True)
    try:
        copies.copy(file, incoming)
        # An older version's copy becomes this version's before it has the name.
        asyncio.run(migrate(f"sqlite+aiosqlite:///{incoming}"))
        copies.settle(incoming)
        aside = copies.set_aside(target, datetime.now(UTC))
        incoming.replace(target)
    finally:
        incoming.unlink(missing_ok=True)
    if aside:
        typer.echo(f"what was there is {aside} now")
    _tell(asyncio.run(_recover(settings)))


def recovered_command(config: Config = None) -> None:
    """To be run after the database was brought back to an earlier moment, before the bridge runs again.

    VTEX may have been told newer things since: no change counts as acknowledged, so the ERP's next word on
    each entity is sent, even if the database believes that VTEX has it.

    Exit codes: 0 done, 2 not.

    Examples:

      bridge recovered && bridge drift --repair
    """
    _tell(asyncio.run(_recover(load(config))))


async def _recover(settings: Settings) -> int:
    async with opened(settings) as parts:
        return await parts.store.distrust()


def _tell(lanes: int) -> None:
    typer.echo(f"{lanes} entities are sent at their next change; `bridge drift --repair` sends what differs")


def _file_of(settings: Settings) -> Path:
    if not settings.on_sqlite:
        raise BridgeError(_POSTGRESQL)
    name = make_url(settings.database_url).database
    if not name or name == ":memory:":
        raise BridgeError("a database in memory cannot be copied; name a file by database_url")
    return Path(name)
