"""bridge audit: who replayed, erased, imported, repaired, made or revoked what, and when."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Row

from app import audit
from app.commands import moments
from app.commands.opening import Config, Json, opened
from app.config import Settings, load


def audit_command(
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=moments.since, metavar="WHEN", help="A moment, or so long ago: 7d, 12h. Without it, all."
        ),
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the audit log, oldest first: it is only ever added to, and holds ids, never a person's data.

    Examples:

      bridge audit --since 7d

      bridge audit --since 2027-01-31 --json
    """
    rows = asyncio.run(_lines(load(config), since))
    if as_json:
        typer.echo(json.dumps([dict(row._mapping) for row in rows], default=str))  # noqa: SLF001  SQLAlchemy's API
        return
    for row in rows:
        of = row.connection or "(all)"
        typer.echo(f"{row.at:%Y-%m-%d %H:%M:%S}  {row.who}  {of}  {row.action}  {row.what}  {row.outcome}")


async def _lines(settings: Settings, since: datetime | None) -> Sequence[Row[Any]]:
    async with opened(settings) as parts:
        return await audit.lines(parts.database, since)
