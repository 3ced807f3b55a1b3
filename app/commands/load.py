"""`bridge load`: an initial load from a file, and the bindings of a store that exists already."""

import asyncio
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from app import logging
from app.bridge import bridge
from app.changes import KINDS
from app.changes.kind import Kind
from app.commands.options import Config, Json, one_connection
from app.config import Settings
from app.config import load as load_settings
from app.database import migrate
from app.errors import BridgeError
from app.loading import lines as files
from app.loading.bindings import load_bindings
from app.loading.changes import RefusedLine
from app.loading.changes import load as load_changes

#: Some lines were refused; the others are loaded.
_REFUSED = 1
#: So many are shown; the report has all.
_SHOWN = 20
_BINDINGS = "bindings"


def load_command(
    what: Annotated[str, typer.Argument(metavar="FILE | bindings FILE", help="JSON Lines or .csv.")],
    file: Annotated[Path | None, typer.Argument(metavar="", show_default=False)] = None,
    kind: Annotated[str, typer.Option(help="Of the changes: product, price, stock …")] = "",
    connection: Annotated[str, typer.Option(help="Needed where there are several.")] = "",
    report: Annotated[Path | None, typer.Option(help="Write the refused lines to it, as JSON Lines.")] = None,
    replace: Annotated[bool, typer.Option(help="bindings: also those that are bound otherwise.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Load changes of one kind, or bindings, from a file.

    Every line is checked as the API would; what is right is accepted, the rest is listed with its line. A run
    that was cut off is repeated: it goes on where it stopped, and accepts nothing twice.

    Exit codes: 0 all is loaded, 1 some lines were refused, 2 it could not begin or go on.

    Examples:

      bridge load products.jsonl --kind product

      bridge load stock.csv --kind stock --report refused.jsonl

      bridge load bindings ids.csv
    """
    settings = load_settings(config)
    logging.configure("warning")
    name = one_connection(settings, connection)
    path = file or Path(what)
    if file is not None and what != _BINDINGS:
        raise BridgeError(f"`bridge load` takes one file, or `{_BINDINGS}` and a file; not {what} and {file}")
    if file is None and what == _BINDINGS:
        raise BridgeError("name the file: bridge load bindings FILE")
    if not path.is_file():
        raise BridgeError(f"{path}: no such file")
    if file is None:
        told, refused = asyncio.run(_changes(settings, name, _kind(kind), path))
    else:
        told, refused = asyncio.run(_bindings(settings, name, path, replace=replace))
    _tell(told, refused, report, as_json=as_json)
    if refused:
        raise typer.Exit(_REFUSED)


def _kind(name: str) -> Kind[Any]:
    if name not in KINDS:
        raise BridgeError(f"name the kind of the changes: --kind {' | '.join(KINDS)}")
    return KINDS[name]


async def _parts(settings: Settings) -> None:
    if settings.on_sqlite:
        await migrate(settings.database)


async def _changes(
    settings: Settings, connection: str, kind: Kind[Any], path: Path
) -> tuple[dict[str, Any], list[RefusedLine]]:
    await _parts(settings)
    counts: Counter[str] = Counter()
    refused: list[RefusedLine] = []
    async with bridge(settings) as parts:
        with _bar() as bar:
            task = bar.add_task(f"{kind.name} changes", total=None)
            digest = files.digest(path)
            async for step in load_changes(parts.store, connection, kind, files.read(path), digest):
                counts.update(lines=step.lines, accepted=step.accepted, accepted_before=step.before)
                refused += step.refused
                bar.update(task, advance=step.lines)
    told = {name: counts[name] for name in ("lines", "accepted", "accepted_before")}
    return told | {"refused": len({each.number for each in refused})}, refused


async def _bindings(
    settings: Settings, connection: str, path: Path, *, replace: bool
) -> tuple[dict[str, Any], list[RefusedLine]]:
    await _parts(settings)
    async with bridge(settings) as parts:
        imported = await load_bindings(parts.store, connection, files.read(path), replace=replace)
    told = {"bound": imported.bound, "bound_before": imported.known, "woken": imported.woken}
    return told | {"refused": len({each.number for each in imported.refused})}, imported.refused


def _bar() -> Progress:
    """Only for people: nothing of it is left in a file or a pipe."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,} lines"))
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _tell(told: dict[str, Any], refused: list[RefusedLine], report: Path | None, *, as_json: bool) -> None:
    if report is not None:
        with report.open("w", encoding="utf-8") as out:
            for each in refused:
                print(json.dumps(asdict(each), ensure_ascii=False), file=out)
    if as_json:
        shown = [asdict(each) for each in refused] if report is None else []
        typer.echo(json.dumps(told | ({"mistakes": shown} if shown else {}), ensure_ascii=False))
        return
    for each in refused[:_SHOWN]:
        typer.echo(f"line {each.number}: {each.reason}", err=True)
    if len(refused) > _SHOWN:
        where = f"see {report}" if report else "add --report FILE to have all"
        typer.echo(f"… and {len(refused) - _SHOWN} more; {where}", err=True)
    typer.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in told.items()))
