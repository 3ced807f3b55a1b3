"""`bridge doctor`: what is in order and what is not, and what a change would do."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app import logging
from app.api.bodies import read_changes
from app.api.problems import Problem
from app.api.rehearsed import Rehearsal
from app.bridge import bridge
from app.changes import KINDS
from app.commands.examination import examined
from app.commands.opening import Config, Json, connection_of
from app.config import Settings, load
from app.database import is_migrated
from app.errors import BridgeError


def doctor_command(
    explain: Annotated[
        str, typer.Option(metavar="FILE", help='Changes as JSON: {"kind": …, "change": {…}}; - reads them.')
    ] = "",
    connection: Annotated[
        str | None,
        typer.Option(
            "--connection", help="Which one; else all are checked. --explain needs it if there are many."
        ),
    ] = None,
    send_test: Annotated[
        bool, typer.Option("--send-test", help="Post a signed ping to the ERP's callback.")
    ] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Check all that the bridge needs, each with its remedy; or, with --explain, show what changes would do.

    Checked are the configuration, the database, and of each connection VTEX's keys, clock and APIs, the
    feed, the hook and the ERP's callback. Nothing is written in VTEX: whether a key may write, is not found.

    --explain prints the calls to VTEX that each change would make, and makes none. The file holds one object
    with kind and change, or an array of them.

    Exit codes: 0 all is in order, 1 something is not, 2 it could not be asked.

    Examples:

      bridge doctor

      bridge doctor --connection acme --send-test

      bridge doctor --explain price.json

      echo '{"kind": "stock", "change": {"sku": "A", "warehouse": "1_1", "quantity": 5}}' | bridge doctor
      --explain -
    """
    if explain and send_test:
        raise BridgeError("--explain sends nothing: leave out one of --explain and --send-test")
    if not explain:
        examined(config, connection, send_test=send_test, as_json=as_json)
        return
    settings = load(config)
    logging.configure("warning")
    told = asyncio.run(_explained(settings, connection_of(settings, connection), _read(explain)))
    _show(told, as_json=as_json)


def _read(place: str) -> list[dict[str, Any]]:
    try:
        content = json.loads(sys.stdin.read() if place == "-" else Path(place).read_text(encoding="utf-8"))
    except OSError as error:
        raise BridgeError(f"{place}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise BridgeError(f"{place}: is no JSON: {error}") from None
    changes = content if isinstance(content, list) else [content]
    for index, each in enumerate(changes):
        if not isinstance(each, dict) or set(each) != {"kind", "change"}:
            raise BridgeError(f'{place}: change {index + 1} must be {{"kind": …, "change": {{…}}}}')
        if each["kind"] not in list(KINDS) or KINDS[each["kind"]].fold is None:
            states = ", ".join(kind.name for kind in KINDS.values() if kind.fold)
            raise BridgeError(f"{place}: change {index + 1}: kind must be one of {states}")
    return changes


async def _explained(settings: Settings, connection: str, changes: list[dict[str, Any]]) -> list[Rehearsal]:
    told: list[Rehearsal] = []
    async with bridge(settings) as parts:
        if not await is_migrated(parts.database):
            raise BridgeError("the database has another version's schema; run `bridge migrate` first")
        for index, each in enumerate(changes):
            kind = KINDS[each["kind"]]
            try:
                read = read_changes(kind, json.dumps(each["change"]).encode(), parts.store.clock())
            except Problem as problem:
                raise BridgeError(f"change {index + 1}: {problem.detail}") from None
            told += await parts.rehearse(connection, kind, read)
    return told


def _show(told: list[Rehearsal], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in told], ensure_ascii=False, indent=2))
        return
    for each in told:
        typer.echo(f"{each.kind} {each.key} ({each.mode}, {each.catalog}): would {_WOULD[each.would]}")
        if each.reason:
            typer.echo(f"  because: {each.reason}")
        typer.echo(f"  writes: {', '.join(each.owned) or 'nothing'}")
        if each.left_to_the_team:
            typer.echo(f"  left to the store's team: {', '.join(each.left_to_the_team)}")
        for name, value in each.defaults.items():
            typer.echo(f"  default: {name} = {value}")
        for call in each.calls:
            typer.echo(f"  {'reads ' if call.reads else 'writes'} {call.method} {call.url}")
            if call.body is not None and not call.reads:
                body = call.body if isinstance(call.body, str) else json.dumps(call.body, ensure_ascii=False)
                typer.echo(f"         {body}")


_WOULD = {
    "create": "create it",
    "update": "update it",
    "nothing": "do nothing",
    "wait": "wait",
    "refused": "fail",
}
