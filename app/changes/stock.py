"""stock: how many of a SKU a warehouse has."""

import re
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from uuid_utils.compat import uuid7

from app import metrics
from app.changes.kind import Code, Kind, Moment, Shop, StateChange
from app.changes.sku import sku_id
from app.config import VtexSettings
from app.queue.folding import Folded, Registers, Saying, fold
from app.queue.lanes import Document, NewEvent, Submission
from app.queue.store import Store
from app.vtex.warehouses import Warehouse

_INT32_MAX = 2**31 - 1
_NO_LEAD_TIME = "0.00:00:00"
#: As VTEX writes it, which leaves out days of 0.
_LEAD_TIME = re.compile(r"(?:(\d{1,4})\.)?([01]\d|2[0-3]):([0-5]\d):([0-5]\d)")


def _with_its_days(lead_time: str) -> str:
    # VTEX would read 78:00:00 as 78 days: nobody is to guess which was meant.
    if _span(lead_time) is None or "." not in lead_time:
        raise ValueError(
            "must be days, hours, minutes and seconds as D.HH:MM:SS, such as 3.06:00:00; the days are never"
            " left out, not even 0"
        )
    return lead_time


def _span(lead_time: str) -> timedelta | None:
    found = _LEAD_TIME.fullmatch(lead_time)
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


class StockChange(StateChange):
    """The total of a SKU in one warehouse, available and still reserved, without the orders in handling.

    With the operator's stock_policy subtract_open_orders these are taken off by the bridge.
    """

    sku: Code = Field(description="The SKU's code.", examples=["00123456"])
    warehouse: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")] = Field(
        description="VTEX's id of the warehouse.", examples=["1_1"]
    )
    quantity: int = Field(ge=0, le=_INT32_MAX, examples=[25])
    unlimited: bool = Field(
        default=False,
        description="Sell without counting; the quantity is then ignored by VTEX. As long as it was never"
        " sent, what the store's team chose stays.",
    )
    lead_time: Annotated[str, AfterValidator(_with_its_days)] | None = Field(
        default=None,
        description="How long the warehouse takes before the goods leave it, always with the days:"
        " D.HH:MM:SS. As long as it was never sent, what the store's team chose stays; null is none.",
        examples=["3.06:00:00"],
    )
    counted_at: Moment | None = Field(
        default=None,
        description="When the balance was taken, with its zone. It goes to VTEX with this quantity; alone it"
        " is no news: the same quantity counted again is not sent.",
    )


def mapped(change: StockChange, settings: VtexSettings) -> dict[str, Any]:
    """Without counted_at: each count would write anew, and each write frees reservations."""
    values: dict[str, Any] = {"quantity": change.quantity}
    if "unlimited" in change.model_fields_set:
        values["unlimitedQuantity"] = change.unlimited
    if "lead_time" in change.model_fields_set:
        values["leadTime"] = change.lead_time or _NO_LEAD_TIME
    if settings.stock_policy != "as_sent":
        values["policy"] = settings.stock_policy
    return values


def fold_stock(registers: Registers, change: Document, said: Saying) -> Folded:
    """The time of the balance belongs to its quantity: it stands and goes with it."""
    counted_at = change.get("counted_at")
    folded = fold(registers, {name: change[name] for name in change if name != "counted_at"}, said)
    if "quantity" in folded.written:
        registers.desired.pop("counted_at", None)
        if counted_at is not None:
            registers.desired["counted_at"] = counted_at
    return folded


async def deliver(change: StockChange, shop: Shop) -> str | None:
    """VTEX demands `unlimited` beside the quantity: without an opinion of it, VTEX's own is read."""
    sku, logistics = await sku_id(shop, change.sku), shop.vtex.logistics
    values = mapped(KIND.owned(change, shop.settings), shop.settings)
    warehouse = await logistics.warehouses.find(change.warehouse)
    lead_time, unlimited = values.get("leadTime"), values.get("unlimitedQuantity")
    if lead_time is not None or unlimited is None:
        balance = await logistics.read_balance(sku, warehouse.id)
        unlimited = balance.unlimited if unlimited is None else unlimited
        if lead_time is not None and _span(balance.lead_time) == _span(lead_time):
            lead_time = None
    ordered = 0 if shop.open_orders is None else await shop.open_orders.quantity(sku, warehouse.id)
    quantity = max(0, change.quantity - ordered)
    await logistics.write_quantity(
        sku, warehouse.id, quantity, unlimited=unlimited, counted_at=change.counted_at
    )
    if lead_time is not None:
        await logistics.write_lead_time(sku, warehouse.id, lead_time)
    said = f"sent {quantity}: {change.quantity} in the warehouse, {ordered} in open orders" if ordered else ""
    return "; ".join(filter(None, (said, *_of_the_warehouse(change, warehouse)))) or None


def _of_the_warehouse(change: StockChange, warehouse: Warehouse) -> Iterator[str]:
    if warehouse.id != change.warehouse:
        yield f"VTEX spells this warehouse {warehouse.id}: send it so, here two spellings are two entities"
    if not warehouse.is_active:
        yield f"warehouse {warehouse.id} is inactive in VTEX: nothing of it is sold until it is activated"


def _key(change: StockChange) -> str:
    return f"{change.sku}@{change.warehouse}"


async def resend(store: Store, connection: str, skus: Collection[str]) -> None:
    """Send the next quantity of these SKUs in every warehouse, whatever VTEX acknowledged before."""
    await store.resend(connection, KIND.name, [f"{sku}@" for sku in skus])


async def send_again(
    store: Store, connection: str, skus: Collection[str], warehouses: Collection[str]
) -> None:
    """What these SKUs have there is to be computed anew, though the ERP said nothing: an event of our own."""
    keys = await store.resend(connection, KIND.name, [f"{sku}@" for sku in skus])
    spelt = {warehouse.lower() for warehouse in warehouses}
    places = [key.rpartition("@")[::2] for key in keys]
    events = tuple(
        NewEvent(
            id=uuid7(),
            kind=KIND.name,
            key=f"{sku}@{warehouse}",
            target=f"stock:{sku}@{warehouse}",
            priority=KIND.priority,
            # Says nothing that the lane does not know, so that it stands in no later change's way.
            payload={"sku": sku, "warehouse": warehouse},
            fold=KIND.fold,
        )
        for sku, warehouse in places
        if sku in skus and warehouse.lower() in spelt
    )
    if events:
        await store.accept(Submission(connection, events, route=KIND.name))
        metrics.EVENTS_ACCEPTED.labels(connection, KIND.name).inc(len(events))


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {"sku": "00123456", "warehouse": "1_1", "quantity": 25}

KIND: Kind[StockChange] = Kind(
    name="stock",
    example=EXAMPLE,
    change=StockChange,
    key=_key,
    target=lambda change: f"stock:{_key(change)}",
    priority=1,
    api="logistics",
    deliver=deliver,
    fold=fold_stock,
    mapped=mapped,
)
