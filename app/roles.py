"""The composition root: what each role is made of, and how it starts and stops."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import uvicorn

from app import logging
from app.api.application import create_app
from app.bindings import Bindings
from app.changes import KINDS
from app.changes.kind import KindDeliverer, Shop
from app.config import DeliverySettings, Settings
from app.database import Database, migrate
from app.erp.callback import Callback
from app.errors import ConfigurationError
from app.http.door import Door, begin_trace
from app.keys import Keys
from app.orders.hints import Hints
from app.orders.poller import Poller
from app.orders.telling import KIND as ORDER
from app.orders.telling import OrderDeliverer
from app.queue.dispatcher import Deliverer, Dispatcher, Pace
from app.queue.lanes import Backoff
from app.queue.store import Store
from app.vtex.store import VtexStore, open_store

log = logging.get(__name__)
_GRACE_SECONDS = 8.0


class Role(StrEnum):
    ALL = "all"
    API = "api"
    DISPATCHER = "dispatcher"
    POLLER = "poller"


@dataclass(frozen=True)
class Bridge:
    """Everything that a process has, whatever its role."""

    settings: Settings
    database: Database
    store: Store
    keys: Keys
    door: Door
    shops: dict[str, VtexStore]

    def server(self, *, serve_api: bool) -> uvicorn.Server:
        app = create_app(
            self.store,
            self.keys,
            connections=self.settings.connections,
            max_body_bytes=self.settings.server.max_body_bytes,
            serve_api=serve_api,
        )
        config = uvicorn.Config(
            app,
            host=self.settings.server.host,
            port=self.settings.server.port,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=round(_GRACE_SECONDS),
        )
        return uvicorn.Server(config)

    def dispatcher(self) -> Dispatcher:
        shops = {
            name: Shop(name, connection.vtex, self.shops[name], Bindings(self.database, name))
            for name, connection in self.settings.connections.items()
        }
        deliverers: dict[str, Deliverer] = {kind.name: KindDeliverer(kind, shops) for kind in KINDS.values()}
        deliverers[ORDER] = OrderDeliverer(
            self.store,
            {
                name: (self.shops[name].orders, Callback(self.door, name, connection.erp))
                for name, connection in self.settings.connections.items()
                if connection.erp
            },
        )
        return Dispatcher(self.store, deliverers, _pace(self.settings.delivery), begin_trace)

    def pollers(self) -> list[Poller]:
        return [
            Poller(name, connection.orders, self.shops[name].orders, Hints(self.database, name), self.store)
            for name, connection in self.settings.connections.items()
            if connection.orders.sources
        ]


def _pace(settings: DeliverySettings) -> Pace:
    return Pace(
        concurrency=settings.concurrency,
        lease=timedelta(seconds=settings.lease_seconds),
        backoff=Backoff(
            timedelta(seconds=settings.retry_base_seconds), timedelta(seconds=settings.retry_cap_seconds)
        ),
        give_up=timedelta(hours=settings.give_up_hours),
        waiting_check=timedelta(seconds=settings.waiting_check_seconds),
        poll=timedelta(seconds=settings.poll_seconds),
    )


@asynccontextmanager
async def bridge(settings: Settings) -> AsyncIterator[Bridge]:
    database, door = Database(settings.database), Door()
    shops = {
        name: open_store(door, name, connection.vtex) for name, connection in settings.connections.items()
    }
    try:
        yield Bridge(settings, database, Store(database), Keys(database), door, shops)
    finally:
        await door.close()
        await database.close()


async def serve(
    settings: Settings, role: Role, *, started: Callable[[Bridge, int], None] | None = None
) -> None:
    """Run a role until SIGTERM or SIGINT; `started` hears the port once it answers."""
    if settings.on_sqlite and role is not Role.ALL:
        raise ConfigurationError(
            [f"database_url: on SQLite only `bridge all` runs; `bridge {role}` needs postgresql://"]
        )
    if settings.on_sqlite:
        await migrate(settings.database)
    async with bridge(settings) as parts:
        await _run(parts, role, started)


async def _run(parts: Bridge, role: Role, started: Callable[[Bridge, int], None] | None) -> None:
    server = parts.server(serve_api=role in {Role.ALL, Role.API})
    dispatchers = [parts.dispatcher()] if role in {Role.ALL, Role.DISPATCHER} else []
    pollers = parts.pollers() if role in {Role.ALL, Role.POLLER} else []
    runnable: list[Dispatcher | Poller] = [*dispatchers, *pollers]
    workers = [asyncio.create_task(each.run()) for each in runnable]
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        port: int = server.servers[0].sockets[0].getsockname()[1]
        log.info("started", role=role, port=port)
        # Long-lived objects would be walked by every collection from here on.
        gc.collect()
        gc.freeze()
        if started:
            started(parts, port)
    # uvicorn owns the signals; a worker that dies takes the process down, so that it is restarted.
    done, _ = await asyncio.wait([serving, *workers], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await _stop(runnable, [serving, *workers], parts.store)
    for task in done:
        task.result()


async def _stop(
    stoppable: Iterable[Dispatcher | Poller], tasks: list[asyncio.Task[None]], store: Store
) -> None:
    """No new work; what is in flight ends, or its lease does."""
    for each in stoppable:
        each.stop()
    _, late = await asyncio.wait(tasks, timeout=_GRACE_SECONDS)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    await store.drain()
    log.info("stopped")
