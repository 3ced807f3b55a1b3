"""bridge seal: what is stored of people is sealed by today's key, all of it."""

import asyncio
from uuid import UUID

import typer

from app import audit
from app.audit import Action, Deed, operator
from app.commands.opening import Config, opened
from app.config import Settings, load

ALL_SEALED, SOME_UNOPENED = 0, 1
#: Events in one transaction: deliveries of the same events wait for no longer than that takes.
_EVENTS = 100


def seal_command(config: Config = None) -> None:
    """Seal by the first of encryption.keys what another key sealed, or what an older version stored in clear.

    After it the other keys can be taken away. It may run beside everything else, and be stopped and repeated.

    Exit codes: 0 all is sealed by the first key, 1 some is not, for no key opens it, 2 it could not begin.

    Examples:

      bridge seal
    """
    events, answers, unopened = asyncio.run(_seal(load(config)))
    for event_id in unopened:
        typer.echo(f"no key opens event {event_id}", err=True)
    typer.echo(f"{events} events and {answers} attempts sealed anew, {len(unopened)} not")
    raise typer.Exit(SOME_UNOPENED if unopened else ALL_SEALED)


async def _seal(settings: Settings) -> tuple[int, int, list[UUID]]:
    events, answers, unopened = 0, 0, []
    cursor: UUID | None = None
    deed = Deed(operator(), Action.SEAL)
    async with opened(settings) as parts:
        async with parts.database.write() as transaction:
            await audit.write(transaction, deed, None, "all personal data", "begun")
        while True:
            done = await parts.store.contents.reseal(cursor, _EVENTS)
            events, answers, cursor = events + done.events, answers + done.answers, done.cursor
            unopened += done.unopened
            if cursor is None:
                sealed = f"{events} events and {answers} attempts, {len(unopened)} not"
                async with parts.database.write() as transaction:
                    await audit.write(transaction, deed, None, "all personal data", sealed)
                return events, answers, unopened
