"""Composition: what every process of the bridge is made of, from the configuration."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import uvicorn

from app import personal_data
from app.api.application import create_app
from app.api.failures import Failures
from app.api.joined import JoinedWrites
from app.api.rehearsed import Rehearsal
from app.bindings import Bindings
from app.changes import KINDS, ownership, stock
from app.changes.absence import Absences
from app.changes.kind import Change, Kind, KindDeliverer, Shop
from app.changes.outcomes import KIND as OUTCOME
from app.changes.outcomes import OutcomeDeliverer, Outcomes
from app.config import ConnectionSettings, DeliverySettings, RetentionSettings, Settings
from app.database import Database
from app.erp.callback import Callback
from app.errors import ConfigurationError
from app.http.door import Door, begin_trace
from app.http.gate import Breaking, Gate
from app.http.limits import limits_of
from app.http.proxies import Proxies
from app.http.reasons import ALL_OF_VTEX, ERP
from app.keys import Keys
from app.orders.handling import KIND as HANDLING
from app.orders.handling import Handling, HandlingDeliverer
from app.orders.hints import Hints
from app.orders.hook import HookReceivers
from app.orders.leadership import Leadership
from app.orders.open_items import OpenOrders
from app.orders.poller import Poller
from app.orders.reader import Reader
from app.orders.status import watched
from app.orders.telling import KIND as ORDER
from app.orders.telling import OrderDeliverer
from app.orders.told import Told
from app.paces import SharedPaces
from app.queue.dispatcher import Deliverer, Dispatcher, Pace
from app.queue.lanes import Backoff
from app.queue.pruner import Pruner, Retention
from app.queue.store import Store
from app.vtex.store import VtexStore, open_store

#: From the signal to the end: attempts and requests in flight have this long, then what is left is cut.
GRACE_SECONDS = 7.0


class Server(uvicorn.Server):
    """Signals belong to the command: uvicorn would raise them again and cut our own stop short."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True)
class Bridge:
    """Everything that a process has, whatever its role."""

    settings: Settings
    database: Database
    store: Store
    keys: Keys
    gate: Gate
    door: Door
    shops: dict[str, VtexStore]

    def server(self, *, serve_api: bool) -> uvicorn.Server:
        app = create_app(
            self.store,
            self.keys,
            connections=self.settings.connections,
            max_body_bytes=self.settings.server.max_body_bytes,
            intake={name: each.intake for name, each in self.settings.connections.items()},
            failures=Failures(self.settings.server.failed_authentications_per_minute),
            why_kinds_rest=self.why_kinds_rest,
            hooks=self.hook_receivers(),
            reads_orders=[name for name, each in self.settings.connections.items() if each.order_sources],
            rehearse=self.rehearse,
            serve_api=serve_api,
        )
        config = uvicorn.Config(
            app,
            host=self.settings.server.host,
            port=self.settings.server.port,
            http=JoinedWrites,
            # Nothing speaks it, and its upgrade would need more of the transport.
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            # A header that anyone can send tells nothing; only of whose it is believed.
            proxy_headers=bool(self.settings.server.trusted_proxies),
            forwarded_allow_ips=list(self.settings.server.trusted_proxies),
            server_header=False,
            timeout_graceful_shutdown=round(GRACE_SECONDS),
        )
        return Server(config)

    async def rehearse(self, connection: str, kind: Kind[Any], changes: Sequence[Change]) -> list[Rehearsal]:
        """What the changes would do; it brings the stand-in store into memory, so not before it is asked."""
        from app.rehearsal import Rehearser  # noqa: PLC0415

        rehearser = Rehearser(self.store, self.settings.connections, self._open_orders())
        return await rehearser(connection, kind, changes)

    def kind_shops(self) -> dict[str, Shop]:
        """Each connection's VTEX side, as the kinds see it."""
        open_orders = self._open_orders()
        return {
            name: Shop(
                name,
                connection.vtex,
                self.shops[name],
                Bindings(self.database, name),
                self.store,
                Absences(life_seconds=self.settings.delivery.absence_seconds),
                open_orders.get(name),
            )
            for name, connection in self.settings.connections.items()
        }

    def dispatcher(self) -> Dispatcher:
        shops = self.kind_shops()
        deliverers: dict[str, Deliverer] = {kind.name: KindDeliverer(kind, shops) for kind in KINDS.values()}
        open_orders = self._open_orders()
        handlings = {
            name: Handling(name, self.store, shop.orders, stock.resend, open_orders.get(name))
            for name, shop in self.shops.items()
        }
        callbacks = {
            name: Callback(self.door, name, connection.erp)
            for name, connection in self.settings.connections.items()
            if connection.erp
        }
        deliverers[ORDER] = OrderDeliverer(self.store, callbacks, handlings)
        deliverers[HANDLING] = HandlingDeliverer(handlings)
        deliverers[OUTCOME] = OutcomeDeliverer(self.database, callbacks)
        return Dispatcher(self.store, deliverers, _pace(self.settings), begin_trace, self.resting_kinds)

    def pruner(self) -> Pruner:
        return Pruner(self.store, _retention(self.settings.retention))

    async def why_kinds_rest(self, connection: str) -> dict[str, str]:
        """The kinds that are not sent at the moment, each with the reason."""
        said = await self.gate.pauses(connection)
        reasons = {
            kind: said.get(api) or (said.get(ALL_OF_VTEX) if api != ERP else None)
            for kind, api in _main_apis(self.settings.connections[connection]).items()
        }
        return {kind: reason for kind, reason in reasons.items() if reason}

    def resting_kinds(self) -> frozenset[tuple[str, str]]:
        """(connection, kind) that wait for an API which rests now, or whose quota is used up."""
        held = self.gate.held()
        return frozenset(
            (name, kind)
            for name, connection in self.settings.connections.items()
            for kind, api in _main_apis(connection).items()
            if (name, api) in held or (api != ERP and (name, ALL_OF_VTEX) in held)
        )

    def hook_receivers(self) -> HookReceivers:
        secrets = {name: each.orders.hook_secret for name, each in self.settings.connections.items()}
        return HookReceivers(
            {name: (secret, Hints(self.database, name)) for name, secret in secrets.items() if secret}
        )

    def pollers(self) -> list[Poller]:
        open_orders = self._open_orders()
        return [
            self._poller(name, connection, open_orders.get(name))
            for name, connection in self.settings.connections.items()
            if connection.order_sources
        ]

    def _poller(self, name: str, connection: ConnectionSettings, open_orders: OpenOrders | None) -> Poller:
        vtex, hints = self.shops[name], Hints(self.database, name)
        settings, told = connection.orders, _told(connection, vtex)
        reader = Reader(name, vtex.orders, told, hints, self.store, settings.report, open_orders)
        leadership = Leadership(self.database, name)
        return Poller(name, settings, vtex.orders, hints, self.store, reader, leadership, watched(connection))

    def _open_orders(self) -> dict[str, OpenOrders]:
        return {
            name: OpenOrders(self.database, name, partial(stock.send_again, self.store, name))
            for name, connection in self.settings.connections.items()
            if connection.vtex.stock_policy == "subtract_open_orders"
        }


def _told(connection: ConnectionSettings, shop: VtexStore) -> Told:
    erp = connection.erp
    wants_payments = erp is not None and erp.include_payments
    return Told(
        vtex_order=erp is not None and erp.include_vtex_order,
        payments=shop.payments if wants_payments else None,
    )


def _main_apis(connection: ConnectionSettings) -> dict[str, str]:
    apis = {kind.name: kind.api for kind in KINDS.values()}
    if connection.vtex.catalog == "webservice":
        apis = {kind: "webservice" if api == "catalog" else api for kind, api in apis.items()}
    return apis | {ORDER: ERP, HANDLING: "orders", OUTCOME: ERP}


def _breaking(settings: DeliverySettings) -> Breaking:
    return Breaking(settings.breaker_failures, settings.breaker_base_seconds, settings.breaker_cap_seconds)


def _pace(settings: Settings) -> Pace:
    delivery = settings.delivery
    return Pace(
        concurrency=delivery.concurrency,
        lease=timedelta(seconds=delivery.lease_seconds),
        backoff=Backoff(
            timedelta(seconds=delivery.retry_base_seconds), timedelta(seconds=delivery.retry_cap_seconds)
        ),
        give_up=timedelta(hours=delivery.give_up_hours),
        waiting_check=timedelta(seconds=delivery.waiting_check_seconds),
        # On SQLite the command writes beside us, and nobody notifies.
        poll=timedelta(seconds=delivery.poll_seconds or (1 if settings.on_sqlite else 5)),
        attempt=timedelta(seconds=delivery.attempt_seconds),
        poison_after=delivery.poison_after,
        most_in_flight={
            (name, kind): connection.erp.max_concurrent
            for name, connection in settings.connections.items()
            for kind in (ORDER, OUTCOME)
            if connection.erp and connection.erp.max_concurrent
        },
        grace=timedelta(seconds=GRACE_SECONDS),
    )


def _retention(settings: RetentionSettings) -> Retention:
    return Retention(
        states=timedelta(days=settings.state_days),
        facts=timedelta(days=settings.fact_days),
        every=timedelta(seconds=settings.pass_seconds),
        personal=timedelta(days=settings.personal_days),
    )


@asynccontextmanager
async def bridge(settings: Settings) -> AsyncIterator[Bridge]:
    if mistakes := [*ownership.mistakes(settings.connections, KINDS), *Proxies().mistakes()]:
        raise ConfigurationError(mistakes)
    database = Database(settings.database)
    gate = Gate(SharedPaces(database), limits_of(settings.connections), _breaking(settings.delivery))
    # No connection's slow answers may hold the sockets that another needs; pollers need a few too.
    sockets = (settings.delivery.concurrency + 4) * max(1, len(settings.connections))
    door = Door(gate, connections=max(64, sockets))
    shops = {
        name: open_store(door, name, connection.vtex) for name, connection in settings.connections.items()
    }
    wanting = [name for name, each in settings.connections.items() if each.erp and each.erp.report_outcomes]
    try:
        store = Store(database, personal=personal_data.of(settings), follow=Outcomes(wanting, KINDS))
        yield Bridge(settings, database, store, Keys(database), gate, door, shops)
    finally:
        await door.close()
        await database.close()
