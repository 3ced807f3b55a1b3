"""The command `bridge`."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from app import logging, roles
from app.commands.audit import audit_command
from app.commands.backup import backup_command, recovered_command, restore_command
from app.commands.doctor import doctor_command
from app.commands.drift import drift as drift_command
from app.commands.erase import erase_command
from app.commands.keys import keys
from app.commands.load import load as load_command
from app.commands.opening import Config
from app.commands.seal import seal_command
from app.config import Settings, load
from app.database import migrate
from app.errors import BridgeError, ConfigurationError

cli = typer.Typer(
    name="bridge",
    help="A durable bridge between an ERP and a VTEX store.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(keys, name="keys")
cli.add_typer(load_command, name="load")
cli.command("audit")(audit_command)
cli.command("drift")(drift_command)
cli.command("doctor")(doctor_command)
cli.command("erase")(erase_command)
cli.command("seal")(seal_command)
cli.command("backup")(backup_command)
cli.command("restore")(restore_command)
cli.command("recovered")(recovered_command)


def run() -> None:
    """Entry point: our own errors end with a message and exit code 2, not with a traceback."""
    try:
        cli()
    except ConfigurationError as error:
        for mistake in error.mistakes:
            print(f"bridge: {mistake}", file=sys.stderr)  # noqa: T201  the command's own output
        raise SystemExit(2) from None
    except BridgeError as error:
        print(f"bridge: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None


def _serve(role: roles.Role, config: Path | None) -> None:
    settings = load(config)
    logging.configure(settings.log_level)
    uvicorn_loop = uvicorn.Config("app", loop="auto", log_config=None).get_loop_factory()
    with asyncio.Runner(loop_factory=uvicorn_loop) as runner:
        runner.run(_until_signal(settings, role))


async def _until_signal(settings: Settings, role: roles.Role) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await roles.serve(settings, role, stopping=stopping)


@cli.command("all")
def all_roles(config: Config = None) -> None:
    """Everything in one process; the way to run on SQLite."""
    _serve(roles.Role.ALL, config)


@cli.command()
def api(config: Config = None) -> None:
    """Take the ERP's changes (PostgreSQL)."""
    _serve(roles.Role.API, config)


@cli.command()
def dispatcher(config: Config = None) -> None:
    """Deliver what was accepted (PostgreSQL)."""
    _serve(roles.Role.DISPATCHER, config)


@cli.command()
def poller(config: Config = None) -> None:
    """Fetch orders for the ERP (PostgreSQL)."""
    _serve(roles.Role.POLLER, config)


@cli.command("migrate")
def migrate_schema(config: Config = None) -> None:
    """Bring the database to this version's schema."""
    asyncio.run(migrate(load(config).database))


@cli.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Loopback unless you know why.")] = "127.0.0.1",
    port: Annotated[int, typer.Option()] = 9090,
) -> None:
    """A stand-in VTEX store and ERP, to integrate against without keys."""
    from app.sandbox import create_sandbox  # noqa: PLC0415  production roles never load it

    logging.configure()
    base = f"http://{host}:{port}"
    typer.echo(f"The sandbox answers at {base}/sandbox")
    typer.echo(f"Point a bridge at it:  curl {base}/sandbox/bridge.toml > bridge.toml, and do as it says")
    uvicorn.run(create_sandbox(), host=host, port=port, log_level="warning")


@cli.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop at the end; exit code 0 only if all is right.")
    ] = False,
) -> None:
    """An ERP's day against the sandbox, with both catalogue codecs."""
    from app.demo import play  # noqa: PLC0415  production roles never load it

    raise typer.Exit(play(once=once or not sys.stdout.isatty()))


@cli.command()
def openapi() -> None:
    """Print our OpenAPI document."""
    from app.api.application import openapi_document  # noqa: PLC0415

    typer.echo(json.dumps(openapi_document(), indent=2, ensure_ascii=False))
