"""order-change: the fact that items of an order are replaced by others, or cost something else."""

from collections import Counter
from contextlib import suppress
from functools import partial
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from app.changes.fulfilment import seller_of
from app.changes.kind import Change, Code, Kind, Shop, Text
from app.changes.order_change_items import Body, known_id, new_item, old_item
from app.changes.order_change_prices import accepted
from app.changes.ordered import Money, Order, OrderedItem, OrderId, read_order
from app.errors import Refused, Retry, Taken, Waiting
from app.orders.mapping import order_document
from app.orders.open_items import OpenOrders
from app.orders.status import BEFORE_HANDLING, CANCELED, CANCELING, CLOSED, HANDLED, REPLACED
from app.queue.models import Status
from app.queue.store import EventFilter

_NAME = "order-change"
_INVOICED = frozenset({"invoiced", "invoice-after-cancellation-deny"})
#: VTEX changes nothing in its transient statuses; an incomplete order has none.
_TRANSIENT = frozenset({None, "start-handling", "invoice"})
_MOST_SHOWN = 300


class NewItem(OrderedItem):
    """What comes into the order."""

    price: Money | None = Field(
        default=None, description="Of one unit. Without it VTEX's own: of the order, or today's of a new SKU."
    )


class Replacement(Change):
    """These pieces of the order for those. To change a quantity or a price, name the same SKU in both."""

    from_items: Annotated[list[OrderedItem], Field(min_length=1, max_length=1000)]
    to_items: Annotated[list[NewItem], Field(min_length=1, max_length=1000)]


class OrderChange(Change):
    """An order's items change after it was taken, and with them its total and its payment.

    VTEX does it some moments later, one change of an order at a time, and never after its invoice. The stock
    stays as it was.
    """

    order: OrderId
    id: Code = Field(description="The ERP's own number of this change, of all orders.", examples=["CHG-17"])
    reason: Annotated[Text, StringConstraints(min_length=1, max_length=500)] = Field(
        description="The customer may read it. VTEX is told the id behind it.", examples=["Out of stock"]
    )
    replace: Annotated[list[Replacement], Field(min_length=1, max_length=100)]


async def deliver(change: OrderChange, shop: Shop) -> None:
    """Done when VTEX says so: that it took the request is not enough.

    VTEX's history is read first, for an earlier answer may have been lost.
    """
    await _is_of_this_order(change, shop)
    order = await read_order(shop, change.order)
    taken = await _taken(change, shop)
    request_id = str(taken.get("requestId")) if taken else None
    if taken:
        await _has_same_prices(change, shop)
        await _has_same_content(change, order, shop, taken)
    else:
        _may_be_changed(change, order)
        body = await _body(change, order, shop)
        prices = [[item.price for item in each.to_items] for each in change.replace]
        await accepted(partial(shop.vtex.order_changes.preview, change.order), body, prices)
        request_id = await shop.vtex.order_changes.request(change.order, body)
    _is_done(change, await shop.vtex.order_changes.details(change.order, request_id) if request_id else {})
    if shop.open_orders is not None:
        await _other_items_are_open(change, shop, shop.open_orders)


async def _other_items_are_open(change: OrderChange, shop: Shop, open_orders: OpenOrders) -> None:
    """VTEX leaves the stock as it was; what is still in the warehouse is now other than was told."""
    order = await read_order(shop, change.order)
    if order.get("status") in HANDLED - CLOSED:
        await open_orders.open(order_document(order)["order"])


async def _is_of_this_order(change: OrderChange, shop: Shop) -> None:
    """By its id alone the order's invoices know of it."""
    lane = await shop.store.read.lane(shop.connection, _NAME, change.id)
    if lane is not None and lane.target != _target(change.order):
        used = str(lane.target).removeprefix(_target(""))
        raise Taken(f"change {change.id} was of order {used} before; give that of {change.order} another id")


def _target(order_id: str) -> str:
    return f"order:{order_id}"


async def none_open(shop: Shop, order_id: str) -> None:
    """VTEX known issue: an invoice beside a change is taken with a wrong value. Waiting for those of ours."""
    open_ids = await shop.store.read.open_keys(shop.connection, _NAME, KIND.priority, _target(order_id))
    if open_ids:
        raise Waiting(
            f"order {order_id} has an open change, {open_ids[0]}; it is invoiced as soon as that is done or"
            " has failed",
            on=(_NAME, open_ids[0]),
        )


def _mark(change: OrderChange) -> str:
    """VTEX's requests have no number of ours: it stands behind the reason."""
    return f" [{change.id}]"


async def _taken(change: OrderChange, shop: Shop) -> Body | None:
    """The newest request with our mark, if there is one."""
    found = await shop.vtex.order_changes.history(change.order)
    ours = [each for each in found if str(each.get("reason") or "").endswith(_mark(change))]
    return max(ours, key=lambda each: str(each.get("date") or ""), default=None)


def _is_done(change: OrderChange, details: Body) -> None:
    status = details.get("status")
    where = f"change {change.id} of order {change.order}"
    if status == "done" or details.get("finished") is True:
        return
    if status == "canceled":
        raise Taken(
            f"VTEX took {where} and then canceled it: {_why(details)}. The order is as it was; send it again"
            " under a new id"
        )
    raise Retry(f"VTEX took {where} and has not done it yet{f' ({status})' if status else ''}")


def _why(details: Body) -> str:
    """The guide names two places; the schema neither."""
    told = (details.get("cancellationData") or {}).get("reason")
    logged = [str(each["message"]) for each in details.get("logs") or [] if each and each.get("message")]
    return str(told or (logged[0] if logged else "it does not say why")).rstrip(". ")[:_MOST_SHOWN]


def _may_be_changed(change: OrderChange, order: Order) -> None:
    status = order.get("status")
    where, on = f"order {change.order} is {status or 'without a status'} in VTEX", ("order", change.order)
    if status in CANCELED or status == REPLACED:
        raise Refused(f"{where}; it can no longer be changed")
    if status in _INVOICED:
        raise Refused(
            f"{where}, and VTEX changes no order after its invoice; send the return of what was invoiced (an"
            " invoice of type input)"
        )
    if status in CANCELING:
        raise Waiting(f"{where}; it is changed if it is not canceled", on=on)
    # Where another sells it, the marketplace's order stays at payment-approved meanwhile.
    too_early = status == "payment-approved" and seller_of(order) is None
    if status in BEFORE_HANDLING or too_early:
        raise Waiting(f"{where}; it is changed as soon as it is in handling", on=on)
    if status in _TRANSIENT:
        raise Retry(f"{where}: VTEX changes nothing in this moment")


async def _body(change: OrderChange, order: Order, shop: Shop) -> Body:
    replaced = [
        {
            "from": {"items": [old_item(item, order) for item in each.from_items]},
            "to": {"items": [await new_item(item, order, shop) for item in each.to_items]},
        }
        for each in change.replace
    ]
    return {"reason": change.reason + _mark(change), "replace": replaced}


async def _has_same_prices(change: OrderChange, shop: Shop) -> None:
    """VTEX shows corrections and no prices: what was delivered under this id before is asked of our own."""
    delivered = EventFilter(kind=_NAME, key=change.id, status=Status.DELIVERED, limit=1)
    for event in await shop.store.read.events(shop.connection, delivered):
        with suppress(ValidationError):
            before = [Replacement.model_validate(each) for each in event.payload["replace"]]
            if before != change.replace:
                raise _used(change, "other items, quantities or prices")


def _used(change: OrderChange, what: str) -> Taken:
    return Taken(
        f"change {change.id} of order {change.order} is already in VTEX with {what};"
        " VTEX cannot correct it, send another change"
    )


async def _has_same_content(change: OrderChange, order: Order, shop: Shop, taken: Body) -> None:
    """As far as the SKUs are known: what was taken out is perhaps no longer in the order."""
    there, told = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for each in taken.get("replace") or []:
        for side in ("from", "to"):
            for item in (each.get(side) or {}).get("items") or []:
                there[side, str(item["id"])] += int(item.get("quantity") or 0)
    for replacement in change.replace:
        for side, items in (("from", replacement.from_items), ("to", replacement.to_items)):
            for named in items:
                found = await known_id(named, order, shop)
                if found is None:
                    return
                told[side, found] += named.quantity
    if there and there != told:
        raise _used(change, "other items or quantities")


EXAMPLE: dict[str, Any] = {
    "order": "1172452900788-01",
    "id": "CHG-17",
    "reason": "Out of stock",
    "replace": [
        {
            "from_items": [{"sku": "00123456", "quantity": 2}],
            "to_items": [{"sku": "00123457", "quantity": 2, "price": "99.90"}],
        }
    ],
}

KIND: Kind[OrderChange] = Kind(
    name=_NAME,
    example=EXAMPLE,
    change=OrderChange,
    key=lambda change: change.id,
    target=lambda change: _target(change.order),
    priority=0,
    api="orders",
    deliver=deliver,
    fold=None,
    kept=frozenset({"order", "id", "replace"}),
)
