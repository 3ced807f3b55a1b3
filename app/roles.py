"""The roles of a process: how each starts, works and stops."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

import uvicorn

from app import logging
from app.bridge import Bridge, bridge
from app.config import Settings
from app.database import is_migrated, migrate
from app.errors import BridgeError, ConfigurationError, DatabaseUnavailable
from app.orders.poller import Poller
from app.pacing import GRACE_SECONDS
from app.personal_data import check_keys
from app.queue.dispatcher import Dispatcher
from app.queue.pruner import Pruner

log = logging.get(__name__)
#: For giving leases back, the last commits, and closing connections.
_CLOSING_SECONDS = 1.0
_MIGRATION_CHECK_SECONDS = 1.0
#: Objects: nearly all that a request makes goes with its last reference, and looking for cycles after each
#: 700, as Python does, took a twentieth of intake's time.
_COLLECT_AFTER = 10_000


class Role(StrEnum):
    ALL = "all"
    API = "api"
    DISPATCHER = "dispatcher"
    POLLER = "poller"


async def serve(
    settings: Settings,
    role: Role,
    *,
    stopping: asyncio.Event,
    started: Callable[[Bridge, int], None] | None = None,
) -> None:
    """Run a role until `stopping` is set; `started` hears the port once it answers."""
    if settings.on_sqlite and role is not Role.ALL:
        raise ConfigurationError(
            [f"database_url: on SQLite only `bridge all` runs; `bridge {role}` needs postgresql://"]
        )
    if settings.on_sqlite:
        await migrate(settings.database)
    async with bridge(settings) as parts:
        server = parts.server(serve_api=role in {Role.ALL, Role.API})
        serving = asyncio.create_task(server.serve())
        try:
            port = await _listening(server, serving)
            log.info("started", role=role, port=port)
            if started:
                started(parts, port)
            await _work(parts, role, server, serving, stopping)
        finally:
            server.should_exit = True
            await asyncio.wait([serving], timeout=_CLOSING_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(parts.store.drain(), _CLOSING_SECONDS)
            log.info("stopped", role=role)


async def _listening(server: uvicorn.Server, serving: asyncio.Task[None]) -> int:
    """The port; SystemExit of the server (the port is taken) ends the process."""
    while not server.started:
        await asyncio.wait([serving], timeout=0.01)
        if serving.done():
            serving.result()
            raise BridgeError("the HTTP server ended before it listened")
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


async def _work(
    parts: Bridge,
    role: Role,
    server: uvicorn.Server,
    serving: asyncio.Task[None],
    stopping: asyncio.Event,
) -> None:
    """Dispatch and poll; a worker that dies takes the process down, so that it is started anew."""
    stop = asyncio.create_task(stopping.wait())
    migrated = asyncio.create_task(_ready(parts))
    await asyncio.wait([stop, serving, migrated], return_when=asyncio.FIRST_COMPLETED)
    workers: list[Dispatcher | Poller | Pruner] = []
    if migrated.done() and (mistake := migrated.exception()):
        stop.cancel()
        raise mistake
    if migrated.done() and not stopping.is_set():
        workers += [parts.dispatcher(), parts.pruner()] if role in {Role.ALL, Role.DISPATCHER} else []
        workers += parts.pollers() if role in {Role.ALL, Role.POLLER} else []
        # Long-lived objects would be walked by every collection from here on.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER)
    running = [asyncio.create_task(each.run()) for each in workers]
    hears = role in {Role.ALL, Role.API} and not parts.settings.on_sqlite
    listening = [asyncio.create_task(parts.keys.listen())] if hears else []
    try:
        done, _ = await asyncio.wait(
            [stop, serving, *listening, *running], return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()
    finally:
        # All at once, in one grace: intake drains while attempts end or give their leases back.
        server.should_exit = True
        for worker in workers:
            worker.stop()
        stop.cancel()
        migrated.cancel()
        for task in listening:
            task.cancel()
        await asyncio.wait([*running, serving], timeout=GRACE_SECONDS + _CLOSING_SECONDS)
        for task in running:
            task.cancel()


async def _ready(parts: Bridge) -> None:
    """Return when the schema is this version's: a migration job may still be at work.

    ConfigurationError where the keys do not open what is stored.
    """
    while True:
        try:
            if await is_migrated(parts.database):
                await check_keys(parts.store, parts.settings.connections)
                return
            log.warning("database.not_migrated", remedy="bridge migrate")
        except DatabaseUnavailable as error:
            log.error("database.unavailable", error=str(error))
        await asyncio.sleep(_MIGRATION_CHECK_SECONDS)
