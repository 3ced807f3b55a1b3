"""Where an order is fulfilled: what another seller sells is invoiced and tracked in that seller's account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.changes.kind import Shop
from app.errors import Refused, Retry, Waiting
from app.orders.status import CANCELED, CANCELING, REPLACED
from app.vtex.orders import Orders

Order = dict[str, Any]
#: The account itself, as a seller.
_ITSELF = {None, "", "1"}
#: This account is the seller of an order that was placed in another.
_FULFILMENT = "Fulfillment"


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """The account that takes the order's invoices, and the order as it stands there."""

    orders: Orders
    #: In that account.
    order_id: str
    order: Order
    #: That account's SKU ids, by the ERP's codes and by the ids of the connection's own account.
    by_code: Mapping[str, str]
    by_id: Mapping[str, str]

    def sku_id(self, code: str, vtex_sku_id: int) -> str | None:
        """Of an item of the order; None where it has no such."""
        found = self.by_code.get(code) if code else self.by_id.get(str(vtex_sku_id))
        return found if found in _ids(self.order) else None


def seller_of(order: Order) -> str | None:
    """None where this account sells it itself. VTEX splits a purchase: an order has one seller."""
    if order.get("origin") == _FULFILMENT:
        return None
    sellers = {str(item["seller"]) for item in order.get("items") or [] if item.get("seller") not in _ITSELF}
    if not sellers:
        return None
    if len(sellers) > 1 or any(item.get("seller") in _ITSELF for item in order["items"]):
        raise Refused(
            f"order {order.get('orderId')} has items of several sellers ({', '.join(sorted(sellers))}), which"
            " VTEX splits into an order for each: look at it in VTEX's admin, and invoice it in the sellers'"
            " accounts"
        )
    return sellers.pop()


async def fulfilment(shop: Shop, order_id: str, order: Order) -> Fulfilment:
    seller = seller_of(order)
    if seller is None:
        return Fulfilment(shop.vtex.orders, order_id, order, _codes(order), _ids(order))
    if seller not in shop.vtex.sellers:
        raise Refused(
            f"order {order_id} is sold by seller {seller}: its invoices and parcels belong into that seller's"
            f" account. Set connections.{shop.connection}.vtex.sellers.{seller} (account, app_key, app_token)"
            " and replay it, or leave it to the seller"
        )
    if shop.settings.sellers[seller].account == shop.settings.account:
        # It sells under another id than 1.
        return Fulfilment(shop.vtex.orders, order_id, order, _codes(order), _ids(order))
    there = order.get("sellerOrderId")
    if not there:
        raise Retry(f"VTEX does not name yet the order of seller {seller} that belongs to order {order_id}")
    found = await shop.vtex.sellers[seller].read(there)
    if found is None:
        raise Waiting(
            f"the account of seller {seller} has no order {there} yet, which order {order_id} names; if it"
            f" stays so, check connections.{shop.connection}.vtex.sellers.{seller}.account",
            on=("order", order_id),
        )
    if order.get("status") in CANCELED | CANCELING | {REPLACED}:
        # The marketplace knows first; the seller's account follows.
        found = {**found, "status": order["status"]}
    return Fulfilment(
        shop.vtex.sellers[seller], there, found, _seller_codes(order) | _codes(found), _seller_ids(order)
    )


def _items(order: Order) -> list[dict[str, Any]]:
    return [item for item in order.get("items") or [] if item]


def _codes(order: Order) -> dict[str, str]:
    return {str(item["refId"]): str(item["id"]) for item in _items(order) if item.get("refId")}


def _ids(order: Order) -> dict[str, str]:
    return {str(item["id"]): str(item["id"]) for item in _items(order)}


def _seller_codes(order: Order) -> dict[str, str]:
    """The marketplace's codes, where the seller has others or none."""
    return {
        str(item["refId"]): str(item["sellerSku"])
        for item in _items(order)
        if item.get("refId") and item.get("sellerSku")
    }


def _seller_ids(order: Order) -> dict[str, str]:
    return {str(item["id"]): str(item["sellerSku"]) for item in _items(order) if item.get("sellerSku")}
