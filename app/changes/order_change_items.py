"""The items of an order-change: those of the order that go, and the SKUs that come, by VTEX's ids."""

from typing import Any

from app.changes.kind import Shop
from app.changes.ordered import Order, OrderedItem
from app.changes.sku import sku_id
from app.errors import Refused

Body = dict[str, Any]


def old_item(item: OrderedItem, order: Order) -> Body:
    lines = _lines(item, order)
    if not lines:
        names = sorted(str(each.get("refId") or each["id"]) for each in order.get("items") or [])
        raise Refused(
            f"order {order.get('orderId')} has no item {item.sku or item.vtex_sku_id} to take out; it has"
            f" {', '.join(names) or 'none'}"
        )
    found = {"id": str(lines[0]["id"]), "quantity": item.quantity}
    # Of a SKU on several lines VTEX is left to say which it takes.
    unique_id = lines[0].get("uniqueId") if len(lines) == 1 else None
    return found | ({"uniqueId": unique_id} if unique_id else {})


async def new_item(item: OrderedItem, order: Order, shop: Shop) -> Body:
    lines = _lines(item, order)
    if lines:
        found = str(lines[0]["id"])
    else:
        found = str(await sku_id(shop, item.sku) if item.sku else item.vtex_sku_id)
    return {"id": found, "quantity": item.quantity}


def _lines(item: OrderedItem, order: Order) -> list[Body]:
    return [
        each
        for each in order.get("items") or []
        if (each.get("refId") == item.sku if item.sku else str(each["id"]) == str(item.vtex_sku_id))
    ]


async def known_id(item: OrderedItem, order: Order, shop: Shop) -> str | None:
    """Without asking VTEX; None where it cannot be told."""
    if not item.sku:
        return str(item.vtex_sku_id)
    if lines := _lines(item, order):
        return str(lines[0]["id"])
    bound = await shop.bindings.find("sku", item.sku)
    return None if bound is None else str(bound)
