"""bridge keys: the ERP's keys, made, listed and revoked."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import typer

from app.audit import operator
from app.bridge import bridge
from app.commands import moments
from app.commands.opening import Config, Json, connection_of
from app.config import Settings, load
from app.database import migrate
from app.errors import BridgeError
from app.keys import CACHE_SECONDS, USUAL, Keys, Scope

T = TypeVar("T")

keys = typer.Typer(
    help="The ERP's keys: each names one connection, and what it may do.", no_args_is_help=True
)


async def _with_keys(settings: Settings, use: Callable[[Keys], Awaitable[T]]) -> T:
    if settings.on_sqlite:
        await migrate(settings.database)
    async with bridge(settings) as parts:
        return await use(parts.keys)


@keys.command("create")
def create_key(
    connection: str,
    name: Annotated[str | None, typer.Option(help="For people: whose key it is.")] = None,
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="What it may do; may be repeated. Without one: everything but admin."),
    ] = None,
    expires_in: Annotated[
        timedelta | None,
        typer.Option(parser=moments.duration, metavar="DURATION", help="Such as 90d, 12h."),
    ] = None,
    expires_at: Annotated[
        datetime | None,
        typer.Option(parser=moments.moment, metavar="MOMENT", help="Such as 2027-01-31T10:00:00Z."),
    ] = None,
    config: Config = None,
) -> None:
    """Make a key for a connection and show it, this once.

    Examples:

      bridge keys create acme

      bridge keys create acme --name price-export --scope changes:write --expires-in 90d
    """
    settings = load(config)
    connection = connection_of(settings, connection)
    if expires_in is not None and expires_at is not None:
        raise BridgeError("say --expires-in or --expires-at, not both")
    ends = datetime.now(UTC) + expires_in if expires_in else expires_at
    if ends is not None and ends <= datetime.now(UTC):
        raise BridgeError("--expires-at is past: the key would open nothing")
    if name is not None and not (name.isprintable() and 0 < len(name) <= 100):  # noqa: PLR2004
        raise BridgeError("--name takes 1 to 100 printable characters")
    scopes = scope or USUAL

    def made(store: Keys) -> Awaitable[str]:
        return store.create(connection, name=name, scopes=scopes, expires_at=ends, who=operator())

    typer.echo(asyncio.run(_with_keys(settings, made)))


@keys.command("list")
def list_keys(config: Config = None, as_json: Json = False) -> None:
    """The keys by their first characters, with what they may do."""
    rows = asyncio.run(_with_keys(load(config), lambda store: store.all()))
    if as_json:
        typer.echo(json.dumps([dict(row._mapping) for row in rows], default=str))  # noqa: SLF001  SQLAlchemy's API
        return
    for row in rows:
        parts = [f"{row.hint}…", row.connection, f"{row.created_at:%Y-%m-%d %H:%M}", _state(row)]
        typer.echo("  ".join([*parts, row.scopes.replace(" ", ","), *([row.name] if row.name else [])]))


def _state(row: Any) -> str:
    if row.revoked_at:
        return f"revoked {row.revoked_at:%Y-%m-%d %H:%M}"
    if row.expires_at is None:
        return "active"
    state = "expired" if row.expires_at <= datetime.now(UTC) else "active until"
    return f"{state} {row.expires_at:%Y-%m-%d %H:%M}"


@keys.command("revoke")
def revoke_key(key: str, config: Config = None) -> None:
    """Revoke a key: by its first characters, as `bridge keys list` shows them, or by the whole key.

    When the command ends, no process of the bridge takes the key any more.
    """
    count = asyncio.run(_with_keys(load(config), lambda store: _revoked(store, key)))
    if not count:
        raise BridgeError("no active key begins so; `bridge keys list` shows the characters to name it by")
    typer.echo(f"{count} revoked")


async def _revoked(store: Keys, key: str) -> int:
    """Every process was told; one that did not hear it has forgotten the key by then."""
    count = await store.revoke(key, who=operator())
    if count:
        await asyncio.sleep(CACHE_SECONDS)
    return count
