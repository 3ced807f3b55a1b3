"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from app.config import Settings
from app.errors import ConfigurationError

Config = Annotated[Path | None, typer.Option("--config", envvar="BRIDGE_CONFIG", help="The TOML file.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]


def one_connection(settings: Settings, name: str) -> str:
    """The one that is named, or the only one."""
    known = ", ".join(settings.connections) or "none"
    if name and name not in settings.connections:
        raise ConfigurationError([f"there is no connection {name!r}; the configuration has: {known}"])
    if not name and len(settings.connections) != 1:
        raise ConfigurationError([f"name the connection with --connection; the configuration has: {known}"])
    return name or next(iter(settings.connections))
