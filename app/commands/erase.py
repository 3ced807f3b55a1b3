"""bridge erase: what is stored of an order's customer goes; ids and amounts stay."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from app.audit import operator
from app.commands.opening import Config, ConnectionName, connection_of, opened
from app.config import Settings, load
from app.orders.erasure import ErasedOrders, erase
from app.queue.store.stripping import Found, Stripped

ERASED, NOT_ERASED = 0, 1


def erase_command(
    order: Annotated[str, typer.Option("--order", help="VTEX's order id.")],
    connection: ConnectionName = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also what has not been delivered yet; it will never be.")
    ] = False,
    config: Config = None,
) -> None:
    """Erase an order's personal data, as its customer may ask for: in all its events and attempts at once.

    Ids, statuses, quantities and amounts stay, so that its journey and its ledger still read. It cannot be
    taken back: the order's customer is not read again, and a later status is told to the ERP with ids and
    amounts only.

    Exit codes: 0 erased, 1 not erased (nothing is known of it, something of it is not delivered yet, or you
    said no), 2 it could not be asked.

    Examples:

      bridge erase --order 1172452900788-01

      bridge erase --order 1172452900788-01 --connection acme --yes
    """
    settings = load(config)
    name = connection_of(settings, connection)
    if not yes and not typer.confirm(
        f"Erase all personal data of order {order} on connection {name} for ever?"
    ):
        raise typer.Exit(NOT_ERASED)
    before, done = asyncio.run(_erase(settings, name, order, force=force))
    if not isinstance(done, Stripped):
        _tell_pending(order, done, force=force)
        raise typer.Exit(NOT_ERASED)
    if not done.is_known:
        typer.echo(f"nothing was ever stored of order {order} on connection {name}; check the id", err=True)
        raise typer.Exit(NOT_ERASED)
    again = f"it was erased at {before:%Y-%m-%d %H:%M} before; " if before else ""
    typer.echo(f"{again}order {order}: {done.events} events and {done.answers} attempts erased")


async def _erase(
    settings: Settings, name: str, order: str, *, force: bool
) -> tuple[datetime | None, Stripped | Sequence[Found]]:
    async with opened(settings) as parts:
        before = await ErasedOrders(parts.database, name).when(order)
        return before, await erase(parts.store, name, order, force=force, who=operator())


def _tell_pending(order: str, pending: Sequence[Found], *, force: bool) -> None:
    for row in pending:
        how = "is being delivered" if row.in_flight else "is not delivered yet"
        typer.echo(f"{row.kind} {row.key} ({row.id}) {how}", err=True)
    remedy = (
        "repeat it in a moment"
        if force
        else "wait for them, or say --force: then they will never be delivered"
    )
    typer.echo(f"order {order} was not erased; {remedy}", err=True)
