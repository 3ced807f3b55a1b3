"""What customers put into their orders, and when they change their minds."""

import uuid
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from app.sandbox.orders import FLOW
from app.sandbox.state import Store
from app.sandbox.wire import Record, RefusedError, is_integer

#: When a shopper may cancel by plan: at a status, or as soon as the ERP was told of the order.
MOMENTS = (*list(FLOW)[: list(FLOW).index("start-handling")], "handling", "told")


class Purchase(NamedTuple):
    ref_id: str
    quantity: int
    #: Cents off all pieces together.
    discount: int = 0
    seller: str = "1"


def read_purchase(item: object) -> Purchase:
    fields = item if isinstance(item, dict) else {}
    ref_id, quantity = fields.get("ref_id"), fields.get("quantity", 1)
    if not isinstance(ref_id, str) or not is_integer(quantity) or quantity < 1:
        raise RefusedError(400, "An item needs ref_id and a quantity of 1 or more")
    discount, seller = fields.get("discount", 0), fields.get("seller", "1")
    if not is_integer(discount) or discount < 0:
        raise RefusedError(400, "discount must be in integer cents, off all pieces together")
    if not isinstance(seller, str) or not seller.isalnum():
        raise RefusedError(400, "seller must be a string of letters and digits")
    return Purchase(ref_id, quantity, discount, seller)


def read_moment(body: Mapping[str, object]) -> str | None:
    moment = body.get("cancel_when")
    if not (moment is None or (isinstance(moment, str) and moment in MOMENTS)):
        raise RefusedError(400, f"cancel_when must be one of {MOMENTS}")
    return moment


def cents(amount: Decimal) -> int:
    return int((amount * 100).to_integral_value(ROUND_HALF_UP))


def parts_of(store: Store, kit: int) -> tuple[Record, ...]:
    """The components of a kit; none of any other SKU. Quantities are of one kit (VTEX does not say)."""
    parts = [part for part in store.kit_parts.values() if part["StockKeepingUnitParent"] == kit]
    return tuple(_component(store, part) for part in parts)


def _component(store: Store, part: Record) -> Record:
    sku = store.skus[part["StockKeepingUnitId"]]
    price = cents(Decimal(str(part["UnitPrice"])))
    return {
        "uniqueId": uuid.UUID(int=store.chance.getrandbits(128)).hex.upper(),
        "id": str(sku["Id"]),
        "productId": str(sku["ProductId"]),
        "ean": store.eans[sku["Id"]][0] if store.eans[sku["Id"]] else None,
        "refId": sku["RefId"] or None,
        "name": f"{store.products[sku['ProductId']]['Name']} {sku['Name']}",
        "quantity": part["Quantity"],
        "seller": "1",
        "sellerSku": str(sku["Id"]),
        "price": price,
        "listPrice": price,
        "sellingPrice": price,
        "priceTags": [],
        "components": [],
        "bundleItems": [],
        "measurementUnit": sku["MeasurementUnit"],
        "unitMultiplier": sku["UnitMultiplier"],
    }
