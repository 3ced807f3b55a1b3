"""bridge load: changes, or the bindings of a store that exists already, from a file."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from typer.core import TyperGroup

from app.bindings import Bindings
from app.changes import KINDS
from app.commands.opening import Config, ConnectionName, connection_of, opened, progress_on
from app.config import Settings
from app.config import load as load_settings
from app.errors import BridgeError
from app.loading.changes import Loaded, Loading
from app.loading.codes import CodesLoading
from app.loading.lines import Format, Line, digest, format_of, header_of, lines_of
from app.queue.store import Store
from app.wording import fields_at

SOME_REFUSED = 1
_CHANGES = "changes"

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="JSON Lines or CSV.")]
FormatName = Annotated[Format | None, typer.Option("--format", help="Where the file's name does not say it.")]
Report = Annotated[
    Path | None, typer.Option("--report", help="Also write the refused lines there, as JSON Lines.")
]


class _ChangesUnlessNamed(TyperGroup):
    """`bridge load FILE` is `bridge load changes FILE`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and args[0] not in self.commands and "--help" not in args:
            args = [_CHANGES, *args]
        return super().parse_args(ctx, args)


load = typer.Typer(
    help="Load a file: `bridge load FILE` its changes, `bridge load bindings FILE` which code is which id.",
    cls=_ChangesUnlessNamed,
    no_args_is_help=True,
)


@contextmanager
def refusals(console: Console, report: Path | None, loaded: Path) -> Iterator[Callable[[int, str], None]]:
    """Tells of each refused line at once: none is kept in memory."""
    if report and report.exists() and report.samefile(loaded):
        raise BridgeError(f"--report {report} is the file to load itself; name another")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(report.open("wb")) if report else None
        except OSError as error:
            raise BridgeError(f"the report cannot be written: {error}") from None

        def refused(number: int, reason: str) -> None:
            told = f"line {number}: {reason}"
            console.print(told, markup=False, highlight=False, emoji=False, soft_wrap=True)
            if file:
                file.write(msgspec.json.encode({"line": number, "reason": reason}) + b"\n")

        yield refused


@load.command(_CHANGES)
def changes(
    file: File,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Of all lines; else each has a member or column `kind`.")
    ] = None,
    connection: ConnectionName = None,
    format_: FormatName = None,
    report: Report = None,
    run: Annotated[
        str, typer.Option("--run", help="Another name loads the same file once more, from its beginning.")
    ] = "",
    config: Config = None,
) -> None:
    """Accept the file's changes as if they had been posted. Started again, it goes on where it was cut off.

    Exit code 0: all were accepted; 1: some lines were refused; 2: it could not start or go on.
    """
    settings = load_settings(config)
    name = connection_of(settings, connection)
    form = format_of(file, format_)
    _check(file, form, kind)
    console = Console(stderr=True)
    with refusals(console, report, file) as refused, progress_on(console) as progress:
        task = progress.add_task(file.name, total=file.stat().st_size)
        named = f"{digest(file)}:{run}"

        def loading(store: Store) -> Loading:
            return Loading(store, name, named, kind, refused, lambda at: progress.update(task, completed=at))

        loaded = asyncio.run(_load(settings, loading, lines_of(file, form)))
    before = f", {loaded.before} by an earlier run" if loaded.before else ""
    typer.echo(f"{loaded.accepted} accepted{before}, {loaded.refused} refused")
    typer.echo("The dispatcher delivers them; watch: GET /v1/events?status=failed, or ?status=waiting")
    if loaded.refused:
        raise typer.Exit(SOME_REFUSED)


def _check(file: Path, form: Format, kind: str | None) -> None:
    """What would refuse every line stops the start."""
    if kind is not None and kind not in KINDS:
        raise BridgeError(f"there is no kind {kind!r}; the kinds are {', '.join(KINDS)}")
    if kind is not None and form is Format.CSV:
        change = KINDS[kind].change
        unknown = [name for name in map(str.strip, header_of(file)) if name not in change.model_fields]
        if unknown:
            fields = fields_at(change, ())
            raise BridgeError(f"{file}: a {kind} has no field {', '.join(unknown)}; the fields are {fields}")


@load.command("bindings")
def bindings(
    file: File,
    connection: ConnectionName = None,
    format_: FormatName = None,
    report: Report = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Bind anew what is bound to another id.")
    ] = False,
    config: Config = None,
) -> None:
    """Join codes to VTEX's ids, for a store that exists already: lines of kind, code and vtex_id.

    Exit code 0: all were bound; 1: some lines were refused; 2: it could not start or go on.
    """
    settings = load_settings(config)
    name = connection_of(settings, connection)
    lines = lines_of(file, format_of(file, format_))
    console = Console(stderr=True)
    with refusals(console, report, file) as refused, progress_on(console) as progress:
        task = progress.add_task(file.name, total=file.stat().st_size)

        def loading(store: Store) -> CodesLoading:
            joined = Bindings(store.database, name)
            return CodesLoading(
                store, name, joined, replace, refused, lambda at: progress.update(task, completed=at)
            )

        loaded = asyncio.run(_load(settings, loading, lines))
    typer.echo(f"{loaded.accepted} bound, {loaded.refused} refused")
    if loaded.refused:
        raise typer.Exit(SOME_REFUSED)


async def _load(
    settings: Settings, loading: Callable[[Store], Loading | CodesLoading], lines: Iterator[Line]
) -> Loaded:
    async with opened(settings) as parts:
        return await loading(parts.store).load(lines)
