"""`make bench ONLY=a,c QUICK=1`: each figure a ratio of one run, as a table and as JSON."""

import asyncio
import json
import os
import platform
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app import logging
from bench import accept, claims, dispatch, latency, memory, orders, quota, resync
from bench.databases import Bench, opened
from bench.measure import Figure, Scale
from tests.running import SECRETS

FIGURES: dict[str, Callable[[Bench, Scale], Awaitable[list[Figure]]]] = {
    "a": accept.measure,
    "b": dispatch.measure,
    "c": claims.measure,
    "d": quota.measure,
    "e": resync.measure,
    "f": latency.measure,
    "g": memory.measure,
    "h": orders.measure,
}
_RESULTS = Path(__file__).with_name("results")
console = Console()


def main(
    only: Annotated[str, typer.Option(envvar="ONLY", help="Letters, such as a,c; all without it.")] = "",
    quick: Annotated[bool, typer.Option("--quick", envvar="QUICK", help="Minutes, for a look.")] = False,
) -> None:
    letters = [letter.strip() for letter in only.split(",") if letter.strip()] or list(FIGURES)
    if unknown := set(letters) - FIGURES.keys():
        raise typer.BadParameter(f"there is no figure {unknown}; there are {', '.join(FIGURES)}")
    os.environ.update(SECRETS)
    logging.configure("error")
    figures = asyncio.run(_run(letters, Scale(quick)))
    console.print(_table(figures))
    console.print(f"written to {_write(figures, quick=quick)}")


async def _run(letters: list[str], scale: Scale) -> list[Figure]:
    figures: list[Figure] = []
    async with opened() as bench:
        for letter in letters:
            measure, began = FIGURES[letter], time.monotonic()
            what = (measure.__globals__["__doc__"] or "").splitlines()[0]
            console.print(f"[bold]{what}")
            found = await measure(bench, scale)
            for figure in found:
                console.print(f"  {figure.name}: {figure.value:.3g}  {_shown(figure.detail)}")
            console.print(f"  {time.monotonic() - began:.0f} s")
            figures += found
    return figures


def _table(figures: list[Figure]) -> Table:
    table = Table("", "figure", "value", "target", "met")
    for figure in figures:
        sense = {">=": "≥", "<=": "≤"}[figure.sense]
        met = "yes" if figure.met else "[red]no"
        table.add_row(figure.letter, figure.name, f"{figure.value:.3g}", f"{sense} {figure.target:g}", met)
    return table


def _shown(value: object) -> object:
    """Three digits say enough."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _shown(each) for name, each in value.items()}
    return value


def _write(figures: list[Figure], *, quick: bool) -> Path:
    now = datetime.now(UTC)
    _RESULTS.mkdir(exist_ok=True)
    path = _RESULTS / f"{now:%Y%m%dT%H%M%S}.json"
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    content = {
        "at": now.isoformat(),
        "quick": quick,
        "machine": machine,
        "figures": [asdict(figure) | {"met": figure.met} for figure in figures],
    }
    path.write_text(json.dumps(content, indent=2))
    return path


if __name__ == "__main__":
    typer.run(main)
