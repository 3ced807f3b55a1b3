"""Is the store what the ERP said? Pure comparison; every difference is named."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.demo.erp import Said, described
from app.demo.goods import DARK, STAFF_POLICY, STAFF_PRICE, STAFF_PRODUCT, Record
from app.demo.stage import parsed

_GOOD = frozenset({"delivered", "superseded", "unchanged"})
_GRAMS = 1000

#: The ERP's names and the store's, written down a second time: the bridge's own table is what is tested.
_PRODUCT = {
    "code": "RefId",
    "name": "Name",
    "brand_id": "BrandId",
    "category_id": "CategoryId",
    "description": "Description",
    "short_description": "DescriptionShort",
    "keywords": "KeyWords",
    "title": "Title",
    "meta_description": "MetaTagDescription",
}
_SKU = {
    "code": "RefId",
    "name": "Name",
    "eans": "Eans",
    "packaged_height": "PackagedHeight",
    "packaged_length": "PackagedLength",
    "packaged_width": "PackagedWidth",
    "packaged_weight": "PackagedWeightKg",
    "height": "Height",
    "length": "Length",
    "width": "Width",
    "weight": "WeightKg",
    "measurement_unit": "MeasurementUnit",
    "unit_multiplier": "UnitMultiplier",
}
_PRICE = {"base": "basePrice", "list_price": "listPrice"}


@dataclass(frozen=True)
class Check:
    name: str
    differences: list[str]

    @property
    def right(self) -> bool:
        return not self.differences


@dataclass(frozen=True)
class Seen:
    """How everything stands at the end of the day."""

    state: Record
    journal: list[Record]
    erp: Record
    events: list[Record]
    orders: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


Part = Callable[[Said, Seen], Iterable[str]]


def compare(said: Said, seen: Seen) -> list[Check]:
    parts: dict[str, Part] = {
        "product, field by field": _product,
        "SKUs, field by field": _skus,
        "prices": _prices,
        "stock (physical totals)": _stock,
        "the store team's work survived": _staff,
        "every event came to a good end": _events,
        "no error in the bridge's log": _log,
    }
    # A day that broke off before its order must not boast of how the order was handled.
    of_orders: dict[str, Part] = {
        "order invoiced, with number and tracking": _orders,
        "one callback per order, one webhook-id": _callbacks,
        "handling started exactly once": _handling,
    }
    asked = parts | (of_orders if seen.orders else {})
    return [Check(name, list(part(said, seen))) for name, part in asked.items()]


def _fields(what: str, wanted: Record, found: Record, names: Mapping[str, str]) -> Iterable[str]:
    for ours, theirs in names.items():
        if ours in wanted and not _equal(wanted[ours], found.get(theirs)):
            yield f"{what}: {theirs} is {found.get(theirs)!s}, the ERP said {wanted[ours]!s}"


def _equal(wanted: Any, found: Any) -> bool:
    if isinstance(found, Decimal | int) and isinstance(wanted, str):
        return Decimal(wanted) == found
    return bool(wanted == found)


def _only(found: Collection[Record], what: str) -> tuple[Record | None, list[str]]:
    """A record that must be there once: a repeated create would make a second one."""
    one = next(iter(found), None)
    return one, [] if len(found) == 1 else [f"the store has {len(found)} records of {what}"]


def _by_ref(records: Iterable[Record], code: str) -> list[Record]:
    return [record for record in records if record["RefId"] == code]


def _product(said: Said, seen: Seen) -> Iterable[str]:
    for wanted in said.of("product"):
        what = f"product {wanted['code']}"
        found, differences = _only(_by_ref(seen.state["products"], wanted["code"]), what)
        yield from differences
        yield from _fields(what, wanted, found or {}, _PRODUCT)


def _skus(said: Said, seen: Seen) -> Iterable[str]:
    for wanted in said.of("sku"):
        what = f"SKU {wanted['code']}"
        found, differences = _only(_by_ref(seen.state["skus"], wanted["code"]), what)
        yield from differences
        grams = {name: str(Decimal(wanted[name]) * _GRAMS) for name in ("weight", "packaged_weight")}
        yield from _fields(what, wanted | grams, found or {}, _SKU)
        parents = _by_ref(seen.state["products"], wanted["product"])
        if found and found["ProductId"] not in [parent["Id"] for parent in parents]:
            yield f"{what}: belongs to product id {found['ProductId']}, the ERP said {wanted['product']}"


def _sku_id(seen: Seen, code: str) -> str:
    return next((str(sku["Id"]) for sku in _by_ref(seen.state["skus"], code)), "none")


def _prices(said: Said, seen: Seen) -> Iterable[str]:
    prices = {price["itemId"]: price for price in seen.state["prices"]}
    for wanted in said.of("price"):
        found = prices.get(_sku_id(seen, wanted["sku"]), {})
        yield from _fields(f"price of {wanted['sku']}", wanted, found, _PRICE)


def _stock(said: Said, seen: Seen) -> Iterable[str]:
    totals = {(row["skuId"], row["warehouseId"]): row["totalQuantity"] for row in seen.state["inventory"]}
    for wanted in said.of("stock"):
        found = totals.get((_sku_id(seen, wanted["sku"]), wanted["warehouse"]))
        if found != wanted["quantity"]:
            yield f"stock of {wanted['sku']}: {found} in the store, the ERP said {wanted['quantity']}"


def _staff(said: Said, seen: Seen) -> Iterable[str]:
    for wanted in said.of("product"):
        for found in _by_ref(seen.state["products"], wanted["code"]):
            for name, value in STAFF_PRODUCT.items():
                if found[name] != value:
                    yield f"product {wanted['code']}: {name} is {found[name]}, the team typed {value}"
    for wanted in said.of("sku"):
        for found in _by_ref(seen.state["skus"], wanted["code"]):
            if not found["IsActive"] or len(found["Images"]) != 1:
                active = "active" if found["IsActive"] else "inactive"
                yield f"SKU {wanted['code']}: {active} with {len(found['Images'])} images"
    dark = [price for price in seen.state["prices"] if price["itemId"] == _sku_id(seen, DARK)]
    fixed = {each["tradePolicyId"]: each["value"] for price in dark for each in price["fixedPrices"]}
    if fixed.get(STAFF_POLICY) != Decimal(STAFF_PRICE):
        yield f"price of {DARK}: the team's price for policy {STAFF_POLICY} is {fixed.get(STAFF_POLICY)}"


def _orders(said: Said, seen: Seen) -> Iterable[str]:
    found = {order["orderId"]: order for order in seen.state["orders"]}
    invoices = {wanted["order"]: wanted for wanted in said.of("invoice")}
    for order_id in seen.orders:
        order, wanted = found.get(order_id, {}), invoices.get(order_id, {})
        packages = [(each["invoiceNumber"], each["trackingNumber"]) for each in order.get("packages", [])]
        if order.get("status") != "invoiced":
            yield f"order {order_id} is {order.get('status')} in the store, not invoiced"
        if packages != [(wanted.get("number"), wanted.get("tracking_number"))]:
            yield f"order {order_id}: (invoice, tracking) in the store are {packages}"


def _callbacks(said: Said, seen: Seen) -> Iterable[str]:
    del said
    bodies = {each["webhook_id"]: each["body"] for each in seen.erp["received"]}
    for order_id in seen.orders:
        ids = [webhook_id for webhook_id, body in bodies.items() if body["order"]["id"] == order_id]
        if len(ids) != 1:
            yield f"order {order_id} was told to the ERP under {len(ids)} webhook-ids"
    strangers = {each["webhook_id"] for each in seen.erp["deliveries"]} - bodies.keys()
    if strangers:
        yield f"callbacks that the ERP never took in: {', '.join(sorted(strangers))}"
    if len(bodies) != len(seen.orders):
        yield f"{len(seen.orders)} orders were placed, the ERP took in {len(bodies)} callbacks"


def _handling(said: Said, seen: Seen) -> Iterable[str]:
    del said
    effects = [entry.get("effect", {}) for entry in seen.journal]
    started = [each["order_id"] for each in effects if each.get("type") == "order.start-handled"]
    for order_id in seen.orders:
        if (times := started.count(order_id)) != 1:
            yield f"handling of order {order_id} was started {times} times"


def _events(said: Said, seen: Seen) -> Iterable[str]:
    for event in seen.events:
        if event["status"] not in _GOOD:
            yield f"{described(event)} is {event['status']}: {event['why']}"
    found = {event["id"] for event in seen.events if event["kind"] != "order"}
    if missing := set(said.events) - found:
        yield f"accepted, but not among the events: {', '.join(sorted(missing))}"
    if strangers := found - set(said.events):
        yield f"among the events, but never accepted: {', '.join(sorted(strangers))}"


def _log(said: Said, seen: Seen) -> Iterable[str]:
    del said
    for line in filter(str.strip, seen.log):
        record = parsed(line)
        if record is None:
            yield f"not JSON: {line[:200]}"
        elif record.get("level") in {"error", "critical"}:
            yield f"{record.get('logger')}: {record.get('event')}"
