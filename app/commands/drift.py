"""bridge drift: what the ERP last said, compared with what VTEX has; repaired on demand."""

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.console import Console

from app.audit import Action, Deed, operator
from app.commands.opening import Config, ConnectionName, connection_of, opened, progress_on
from app.config import Settings, load
from app.drift.comparing import Comparing, comparable
from app.drift.report import Report

NO_DRIFT, DRIFT, ERROR = 0, 1, 2


def drift(
    repair: Annotated[bool, typer.Option("--repair", help="Send what differs again.")] = False,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only these; may be repeated.")] = None,
    connection: ConnectionName = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    config: Config = None,
) -> None:
    """Compare what the ERP last said with what VTEX has: products, SKUs, prices and stock.

    Exit code 0: nothing differs; 1: something does; 2: something could not be read.
    """
    settings = load(config)
    name = connection_of(settings, connection)
    report = asyncio.run(_compare(settings, name, comparable(kind or []), repair))
    document = report.document()
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False) if as_json else _text(document))
    raise typer.Exit(_code(report))


def _code(report: Report) -> int:
    if report.counts["unread"]:
        return ERROR
    return DRIFT if report.counts or report.extras else NO_DRIFT


async def _compare(settings: Settings, name: str, kinds: list[str], repair: bool) -> Report:
    async with opened(settings) as parts:
        store, shop = parts.store, parts.kind_shops()[name]
        started_at = store.clock()
        deed = Deed(operator(), Action.DRIFT_REPAIR) if repair else None
        total = await store.read.lanes(name, kinds)
        with progress_on(Console(stderr=True)) as progress:
            task = progress.add_task(name, total=total)
            comparing = Comparing(shop, deed, lambda: progress.advance(task), Report(name))
            report = await comparing.run(kinds)
        await report.store(parts.database, started_at, store.clock())
        return report


def _text(report: dict[str, Any]) -> str:
    lines = []
    for finding in report["findings"]:
        what = f"{finding['kind']} {finding['key']}"
        match finding["what"]:
            case "missing":
                lines.append(f"{what}: missing in VTEX")
            case "unread":
                lines.append(f"{what}: not compared: {finding['reason']}")
            case _:
                lines += [
                    f"{what}: {name}: the ERP says {_shown(each['erp'])}, VTEX has {_shown(each['vtex'])}"
                    for name, each in finding["fields"].items()
                ]
    lines += [
        f"VTEX's SKU {each['vtex_id']} ({each['ref_id'] or 'without RefId'}): the ERP never told it"
        for each in report["extra_skus"]
    ]
    counted = ("compared", "pending", "missing", "different", "unread", "extra", "repaired", "unrepaired")
    lines.append(", ".join(f"{report[name]} {name}" for name in counted))
    return "\n".join(lines)


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
