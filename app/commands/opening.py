"""What the operator's commands begin with: the configuration, the connection, the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app import logging
from app.bridge import Bridge, bridge
from app.config import Settings
from app.database import is_migrated, migrate
from app.errors import BridgeError, ConfigurationError

Config = Annotated[Path | None, typer.Option("--config", envvar="BRIDGE_CONFIG", help="The TOML file.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]
ConnectionName = Annotated[
    str | None, typer.Option("--connection", help="Which one; may be left out where there is only one.")
]


def connection_of(settings: Settings, named: str | None) -> str:
    """The one that is named, else the only one."""
    if named in settings.connections:
        return named
    known = ", ".join(settings.connections) or "none"
    if named is not None:
        raise ConfigurationError([f"there is no connection {named!r}; the configuration has: {known}"])
    if len(settings.connections) != 1:
        raise ConfigurationError([f"name a connection by --connection; the configuration has: {known}"])
    return next(iter(settings.connections))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Bridge]:
    """On SQLite migrated first, as `bridge all` does; it may run meanwhile."""
    # Beside a progress bar only what matters, and never on standard output.
    logging.configure("warning")
    if settings.on_sqlite:
        await migrate(settings.database)
    async with bridge(settings) as parts:
        if not await is_migrated(parts.database):
            raise BridgeError("the database has another version's schema; run `bridge migrate` first")
        yield parts


def progress_on(console: Console) -> Progress:
    """Shown on a terminal only: in a file it would be noise."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)
