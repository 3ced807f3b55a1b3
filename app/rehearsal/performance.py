"""The performance: a change is delivered on the stage, and what it did there is told."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.api.rehearsed import Rehearsal
from app.changes.kind import Change, Kind, Shop
from app.config import ConnectionSettings, VtexSettings
from app.errors import DeliveryError, Waiting
from app.orders.open_items import OpenOrders
from app.queue.folding import FRESHNESS
from app.queue.store import Store
from app.rehearsal import seeding
from app.rehearsal.lanes import Lanes
from app.rehearsal.stage import Aside, SeedingBindings, Stage
from app.vtex.store import open_store


class Rehearser:
    """For all connections; each change has a stage of its own."""

    def __init__(
        self,
        store: Store,
        connections: Mapping[str, ConnectionSettings],
        open_orders: Mapping[str, OpenOrders],
    ) -> None:
        self._store = store
        self._connections = connections
        self._open_orders = open_orders

    async def __call__(self, connection: str, kind: Kind[Any], changes: Sequence[Change]) -> list[Rehearsal]:
        settings = self._connections[connection].vtex
        return [await self._rehearsed(connection, settings, kind, change) for change in changes]

    async def _rehearsed(
        self, connection: str, settings: VtexSettings, kind: Kind[Any], change: Change
    ) -> Rehearsal:
        stage, lanes = Stage(settings), Lanes(self._store, connection)
        bindings = SeedingBindings(self._store.database, connection, stage, lanes)
        vtex = open_store(stage, connection, settings)
        ordered = self._open_orders.get(connection)
        aside = Aside(self._store)
        shop = Shop(connection, settings, vtex, bindings, aside, open_orders=ordered)
        _prepare(stage, settings, change)
        desired = await lanes.desired_with(kind, change, self._store.clock())
        key = kind.key(change)
        was_bound = await bindings.find(kind.name, key) is not None
        would, reason = "update", None
        try:
            if kind.fingerprint(desired, settings) == await lanes.fingerprint(kind.name, key):
                would, reason = "nothing", "VTEX acknowledged exactly this last"
            else:
                left = await kind.deliver(desired, shop)
                would, reason = _did(stage, was_bound=was_bound, is_new=(kind.name, key) in bindings.new)
                also = [f"{event.kind} {event.key} would be told too" for event in aside.heard]
                reason = "; ".join(filter(None, (left or reason, *also))) or None
        except Waiting as error:
            would, reason = "wait", error.reason
        except DeliveryError as error:
            would, reason = "refused", error.reason
        finally:
            await stage.close()
        named = change.model_fields_set - set(FRESHNESS)
        owned = kind.owned(change, settings).model_fields_set if was_bound else named
        return Rehearsal(
            kind=kind.name,
            key=key,
            mode=settings.mode,
            catalog=settings.catalog,
            would=would,
            reason=reason,
            owned=sorted(owned & named),
            left_to_the_team=sorted(named - owned - _identity(kind)),
            defaults={} if was_bound else _defaults(kind, settings),
            calls=stage.calls,
        )


def _prepare(stage: Stage, settings: VtexSettings, change: Change) -> None:
    """What the configuration and the change name by VTEX's own ids is there."""
    named = settings.defaults.model_dump() if settings.defaults else {}
    for source in (named, change.model_dump()):
        if source.get("brand_id"):
            seeding.brand(stage.store, source["brand_id"], f"brand {source['brand_id']}")
        for name in ("department_id", "category_id"):
            if source.get(name):
                seeding.category(stage.store, source[name], f"category {source[name]}")
        if warehouse := source.get("warehouse"):
            first = next(iter(stage.store.warehouses.values()))
            stage.store.warehouses.setdefault(warehouse, first | {"id": warehouse})


def _did(stage: Stage, *, was_bound: bool, is_new: bool) -> tuple[Any, str | None]:
    if all(call.reads for call in stage.calls):
        return "nothing", "VTEX has it so already, as far as the bridge knows"
    return ("create" if is_new and not was_bound else "update"), None


def _identity(kind: Kind[Any]) -> set[str]:
    """Fields that say which entity it is; nobody owns them."""
    return {name for name, field in kind.change.model_fields.items() if field.is_required()} | {"code", "sku"}


def _defaults(kind: Kind[Any], settings: VtexSettings) -> dict[str, Any]:
    if kind.name != "product" or settings.mode != "express" or settings.defaults is None:
        return {}
    return settings.defaults.model_dump(exclude_none=True) | {"active": False}
