"""What VTEX has of a kind, in the names of its `mapped`: only what can be compared with what the ERP says."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from app.changes.kind import Shop
from app.changes.price import PriceChange
from app.changes.product import ProductChange
from app.changes.sku import SkuChange
from app.changes.stock import StockChange
from app.vtex.catalog import Record
from app.vtex.catalog.rest.goods import PRODUCT_FIELDS, SKU_FIELDS

#: What is wanted and what is there, by the same names; None where VTEX has nothing of it.
Sides = tuple[Record, Record] | None
Present = Callable[[Any, Shop, Record], Awaitable[Sides]]


async def of_product(change: ProductChange, shop: Shop, wanted: Record) -> Sides:
    catalog = shop.vtex.catalog
    vtex_id = await shop.bindings.find("product", change.code) or await catalog.find_product(change.code)
    record = await catalog.read_product(vtex_id, change.code) if vtex_id else None
    if vtex_id is None or record is None:
        return None
    present = {name: record.get(name) for name in wanted if name in PRODUCT_FIELDS}
    for kind, name in (("brand", "BrandId"), ("category", "CategoryId")):
        if kind in wanted:
            present[kind] = await _code(shop, kind, record.get(name), wanted[kind])
    if "TradePolicies" in wanted:
        present["TradePolicies"] = await catalog.read_policies(vtex_id, change.code)
    return _both(wanted, present)


async def of_sku(change: SkuChange, shop: Shop, wanted: Record) -> Sides:
    catalog = shop.vtex.catalog
    vtex_id = await shop.bindings.find("sku", change.code) or await catalog.find_sku(change.code)
    record = await catalog.read_sku(vtex_id, change.code) if vtex_id else None
    if vtex_id is None or record is None:
        return None
    present = {name: record.get(name) for name in wanted if name in SKU_FIELDS}
    if "product" in wanted:
        present["product"] = await _code(shop, "product", record.get("ProductId"), wanted["product"])
    if "Eans" in wanted:
        present["Eans"] = await catalog.read_eans(vtex_id, change.code)
    return _both(wanted, present)


async def of_price(change: PriceChange, shop: Shop, wanted: Record) -> Sides:
    """Of the fixed prices those that the ERP named; all, once it has cleared them."""
    sku = await _sku_id(shop, change.sku)
    found = await shop.vtex.pricing.read(sku) if sku else None
    if "deletedAsOf" in wanted and "basePrice" not in wanted:
        return {"deleted": True}, {"deleted": found is None}
    if found is None:
        return None
    names = ("basePrice", "costPrice", "markup", "listPrice")
    present = {name: found.get(name) for name in names if name in wanted}
    if "fixedPrices" in wanted:
        ours = {_place(each): _amounts(each) for each in wanted["fixedPrices"]}
        theirs = {_place(each): _amounts(each) for each in found.get("fixedPrices") or ()}
        if wanted["keepsOtherFixedPrices"]:
            theirs = {place: theirs[place] for place in ours if place in theirs}
        return _both(wanted | {"fixedPrices": ours}, present | {"fixedPrices": theirs})
    return _both(wanted, present)


async def of_stock(change: StockChange, shop: Shop, wanted: Record) -> Sides:
    """VTEX shows no count of what it sells without counting; what is in open orders is taken off."""
    sku = await _sku_id(shop, change.sku)
    found = await shop.vtex.logistics.read_balance(sku, change.warehouse) if sku else None
    if sku is None or found is None or found.total is None:
        return None
    present: Record = {"unlimitedQuantity": found.unlimited}
    if not found.unlimited:
        present["quantity"] = found.total
    if shop.open_orders is not None and "quantity" in wanted:
        ordered = await shop.open_orders.quantity(sku, change.warehouse)
        wanted = wanted | {"quantity": max(0, wanted["quantity"] - ordered)}
    return _both(wanted, present)


PRESENT: dict[str, Present] = {
    "product": of_product,
    "sku": of_sku,
    "price": of_price,
    "stock": of_stock,
}


def _both(wanted: Record, present: Record) -> tuple[Record, Record]:
    names = [name for name in wanted if name in present]
    return {name: wanted[name] for name in names}, {name: present[name] for name in names}


async def _sku_id(shop: Shop, code: str) -> int | None:
    return await shop.bindings.find("sku", code) or await shop.vtex.catalog.find_sku(code)


async def _code(shop: Shop, kind: str, vtex_id: Any, wanted: str) -> str | None:
    """The ERP's code of VTEX's id; where several are bound to it, the wanted one goes first."""
    if not vtex_id:
        return None
    codes = await shop.bindings.codes(kind, [int(vtex_id)])
    if not codes and kind == "product" and await shop.vtex.catalog.find_product(wanted) == int(vtex_id):
        return wanted
    return wanted if wanted in codes else next(iter(codes), f"VTEX's id {vtex_id}")


def _place(price: Record) -> str:
    period = price.get("dateRange") or {}
    ends = (
        datetime.fromisoformat(period[end]).timestamp() if period.get(end) else "" for end in ("from", "to")
    )
    return " ".join(str(part) for part in (price.get("tradePolicyId"), price.get("minQuantity"), *ends))


def _amounts(price: Record) -> Record:
    return {name: price[name] for name in ("value", "listPrice") if price.get(name) is not None}
