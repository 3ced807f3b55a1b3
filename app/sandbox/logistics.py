"""The Logistics API: warehouses, stock with its reservations, and the lock of a stock write."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.journal import note
from app.sandbox.state import Stock, Store, store_of
from app.sandbox.wire import Json, Record, RefusedError, is_integer, read_object

#: What VTEX shows for unlimited stock.
UNLIMITED = 1_000_000


async def list_warehouses(request: Request) -> Response:
    return Json(list(store_of(request).warehouses.values()))


async def get_warehouse(request: Request) -> Response:
    """Here the id is case-sensitive, unlike in stock (VTEX known issue)."""
    warehouse = store_of(request).warehouses.get(request.path_params["warehouse"])
    if warehouse is None:
        raise RefusedError(404, "Warehouse not found")
    return Json(warehouse)


async def get_inventory(request: Request) -> Response:
    store, sku = store_of(request), request.path_params["sku"]
    balances = [balance(store, sku, warehouse) for warehouse in store.warehouses.values()]
    return Json({"skuId": sku, "balance": balances})


def balance(store: Store, sku: str, warehouse: Record) -> Record:
    key = (sku, warehouse["id"])
    stock, reservations = store.stock.get(key, Stock()), store.reservations.get(key, {})
    return {
        "warehouseId": warehouse["id"],
        "warehouseName": warehouse["name"],
        "totalQuantity": UNLIMITED if stock.unlimited else stock.quantity,
        "reservedQuantity": sum(reservation.quantity for reservation in reservations.values()),
        "hasUnlimitedQuantity": stock.unlimited,
        "timeToRefill": None,
        "dateOfSupplyUtc": None,
        "leadTime": stock.lead_time,
    }


async def put_inventory(request: Request) -> Response:
    """VTEX Logistics API: an omitted quantity or leadTime becomes 0, and it still says 200."""
    body = {"quantity": 0, "unlimitedQuantity": False} | _given(await read_object(request))
    quantity, unlimited = _quantity(body["quantity"]), _flag(body["unlimitedQuantity"])
    lead_time = parse_lead_time(body["leadTime"]) if "leadTime" in body else "00:00:00"

    def write(stock: Stock) -> None:
        stock.quantity, stock.unlimited, stock.lead_time = quantity, unlimited, lead_time

    facts = {"quantity": quantity, "lead_time": lead_time, "counted_at": _counted_at(body)}
    await _write_stock(request, write, "stock.put", **facts)
    return Json(content=True)


async def patch_quantity(request: Request) -> Response:
    body = _given(await read_object(request))
    quantity, unlimited = _quantity(body.get("quantity")), _flag(body.get("unlimitedQuantity"))

    def write(stock: Stock) -> None:
        stock.quantity, stock.unlimited = quantity, unlimited

    await _write_stock(request, write, "stock.patched", quantity=quantity, counted_at=_counted_at(body))
    return Response(status_code=204)


async def patch_lead_time(request: Request) -> Response:
    lead_time = parse_lead_time((await read_object(request)).get("leadTime"))

    def write(stock: Stock) -> None:
        stock.lead_time = lead_time

    await _write_stock(request, write, "lead-time.patched", lead_time=lead_time)
    return Response(status_code=204)


async def _write_stock(
    request: Request, write: Callable[[Stock], None], effect: str, **facts: object
) -> None:
    """Of overlapping writes to a SKU and warehouse, VTEX keeps the first and drops the rest."""
    store, sku = store_of(request), request.path_params["sku"]
    warehouse = _warehouse(store, request.path_params["warehouse"])
    key = (sku, warehouse)
    if key in store.stock_locks:
        lock = f"{store.account}_item_logistics_{sku}_{warehouse}"
        raise RefusedError(423, f"Unable to acquire lock for key {lock}.")
    store.stock_locks.add(key)
    try:
        if store.stock_write_seconds:
            await asyncio.sleep(store.stock_write_seconds)
        write(store.stock.setdefault(key, Stock()))
        released = 0 if effect == "lead-time.patched" else _release_acknowledged(store, key)
    finally:
        store.stock_locks.discard(key)
    facts |= {"known_sku": sku.isdecimal() and sku == str(int(sku)) and int(sku) in store.skus}
    note(request, effect, sku_id=sku, warehouse=warehouse, **facts, released=released)


def _release_acknowledged(store: Store, key: tuple[str, str]) -> int:
    """VTEX help centre: any stock update of a SKU zeroes its acknowledged reservations."""
    kept = {
        order: reservation
        for order, reservation in store.reservations.get(key, {}).items()
        if reservation.state != "acknowledged"
    }
    gone = sum(each.quantity for each in store.reservations.get(key, {}).values()) - sum(
        each.quantity for each in kept.values()
    )
    store.reservations[key] = kept
    return gone


def _warehouse(store: Store, code: str) -> str:
    """For stock, warehouse ids are case-insensitive (VTEX known issue)."""
    for known in store.warehouses:
        if known.lower() == code.lower():
            return known
    raise RefusedError(400, f"Warehouse {code} not found")


def _given(body: Record) -> Record:
    """Null is the same as absent."""
    return {name: value for name, value in body.items() if value is not None}


def _counted_at(body: Record) -> str | None:
    """Checked and noted: what exactly VTEX does with the balance's own time is undocumented."""
    value = body.get("dateUtcOnBalanceSystem")
    try:
        return None if value is None else datetime.fromisoformat(value).isoformat()
    except (TypeError, ValueError) as error:
        raise RefusedError(400, "dateUtcOnBalanceSystem must be a date") from error


def _quantity(value: object) -> int:
    if not is_integer(value) or value < 0:
        raise RefusedError(400, "quantity must be an integer of 0 or more")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise RefusedError(400, "unlimitedQuantity must be a boolean")
    return value


def parse_lead_time(value: object) -> str:
    """VTEX Logistics API: DD, hh:mm:ss or DD.hh:mm:ss; without a day part 78:00:00 is 78 days."""
    text = value if isinstance(value, str) else ""
    if re.fullmatch(r"\d{1,4}", text):
        return _lead_time(int(text), 0, 0, 0)
    match = re.fullmatch(r"(?:(\d{1,4})\.)?(\d{1,3}):(\d{2}):(\d{2})", text)
    if match is None:
        raise RefusedError(400, "leadTime must be DD.HH:MM:SS")
    days, first, second, third = (int(part or 0) for part in match.groups())
    if match[1] is None and first > 23:
        days, first, second, third = first, second, third, 0
    if first > 23 or second > 59 or third > 59:
        raise RefusedError(400, "leadTime must be DD.HH:MM:SS")
    return _lead_time(days, first, second, third)


def _lead_time(days: int, hours: int, minutes: int, seconds: int) -> str:
    clock = f"{hours:02}:{minutes:02}:{seconds:02}"
    return f"{days}.{clock}" if days else clock


STOCK = "/api/logistics/pvt/inventory/skus/{sku}"
WAREHOUSES = "/api/logistics/pvt/configuration/warehouses"

ROUTES = [
    Route(f"{STOCK}/warehouses/{{warehouse}}/quantity", patch_quantity, methods=["PATCH"]),
    Route(f"{STOCK}/warehouses/{{warehouse}}/lead-time", patch_lead_time, methods=["PATCH"]),
    Route(f"{STOCK}/warehouses/{{warehouse}}", put_inventory, methods=["PUT"]),
    Route(STOCK, get_inventory, methods=["GET"]),
    Route(WAREHOUSES, list_warehouses, methods=["GET"]),
    Route(f"{WAREHOUSES}/{{warehouse}}", get_warehouse, methods=["GET"]),
]
