"""What the viewer reads: one line per happening, then the closing table."""

import io
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from app.demo.checks import Check

#: Of a pipe, where nobody says how wide it is.
_PIPE_WIDTH = 120
_WHO_WIDTH = 17


@dataclass(frozen=True)
class Outcome:
    """One round, as the closing table shows it."""

    catalog: str
    facts: dict[str, str]
    checks: list[Check]

    @property
    def right(self) -> bool:
        return all(check.right for check in self.checks)


class Timeline:
    def __init__(self) -> None:
        # A terminal that cannot write an arrow is no reason to fail.
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        self._console = Console(highlight=False)
        if not self._console.is_terminal and "COLUMNS" not in os.environ:
            self._console = Console(highlight=False, width=_PIPE_WIDTH)
        self._started = time.monotonic()

    def round(self, title: str) -> None:
        self._started = time.monotonic()
        self._console.print()
        self._console.print(Rule(title, align="left"))

    def scene(self, title: str) -> None:
        self._console.print(Text(f"\n{title}", style="bold"))

    def say(self, who: str, what: str, *, style: str = "") -> None:
        """`what` may hold anything: it is never read as markup."""
        line = Table.grid(padding=(0, 1))
        line.add_column(width=8, justify="right", style="dim")
        line.add_column(width=_WHO_WIDTH, style="cyan")
        line.add_column()
        line.add_row(f"{time.monotonic() - self._started:.2f} s", who, Text(what, style=style))
        self._console.print(line)

    def plain(self, text: str = "") -> None:
        """Unwrapped, so that it can be copied."""
        self._console.print(Text(text), soft_wrap=True)

    def closing(self, outcomes: list[Outcome]) -> None:
        table = Table(title="\nThe day, closed", title_justify="left", title_style="bold")
        table.add_column("")
        for outcome in outcomes:
            table.add_column(f'catalog = "{outcome.catalog}"')
        for fact in _union(outcome.facts for outcome in outcomes):
            table.add_row(fact, *(Text(outcome.facts.get(fact, "-")) for outcome in outcomes))
        table.add_section()
        marks = [{check.name: check.right for check in outcome.checks} for outcome in outcomes]
        for name in _union(marks):
            table.add_row(name, *(_mark(each.get(name)) for each in marks))
        self._console.print(table)
        for outcome in outcomes:
            for check in outcome.checks:
                for difference in check.differences:
                    self._console.print(
                        Text(f"✗ {outcome.catalog}: {check.name}: {difference}", style="red"), soft_wrap=True
                    )


def _union(parts: Iterable[Iterable[str]]) -> list[str]:
    """All names once, in the order of their first appearance."""
    return list(dict.fromkeys(name for part in parts for name in part))


def _mark(right: bool | None) -> Text:
    if right is None:
        return Text("not reached", style="yellow")
    return Text("✓", style="green") if right else Text("✗", style="bold red")
