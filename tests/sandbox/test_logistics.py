"""The Logistics API's rules, refusals first."""

import asyncio

import httpx2
import pytest

from app.sandbox.journal import Journal
from app.sandbox.logistics import parse_lead_time
from app.sandbox.state import Store
from tests.sandbox.conftest import Shop

INVENTORY = "/api/logistics/pvt/inventory/skus/1001"
STOCK = f"{INVENTORY}/warehouses/1_1"
QUANTITY = {"quantity": 5, "unlimitedQuantity": False}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"quantity": 5},
        QUANTITY | {"quantity": -1},
        QUANTITY | {"quantity": "5"},
        QUANTITY | {"quantity": 1.5},
    ],
)
async def test_a_wrong_quantity_is_refused(vtex: httpx2.AsyncClient, body: dict[str, object]) -> None:
    assert (await vtex.patch(f"{STOCK}/quantity", json=body)).status_code == 400


@pytest.mark.parametrize("counted_at", ["yesterday", 5])
async def test_a_balance_of_no_date_is_refused(vtex: httpx2.AsyncClient, counted_at: object) -> None:
    body = QUANTITY | {"dateUtcOnBalanceSystem": counted_at}
    assert (await vtex.patch(f"{STOCK}/quantity", json=body)).status_code == 400


async def test_when_a_balance_was_taken_is_noted(vtex: httpx2.AsyncClient, journal: Journal) -> None:
    body = QUANTITY | {"dateUtcOnBalanceSystem": "2026-11-24T10:30:00Z"}
    await vtex.patch(f"{STOCK}/quantity", json=body)
    [effect] = journal.effects("stock.patched")
    assert effect["counted_at"] == "2026-11-24T10:30:00+00:00"


async def test_an_unknown_warehouse_is_refused(vtex: httpx2.AsyncClient) -> None:
    answer = await vtex.patch(f"{INVENTORY}/warehouses/nowhere/quantity", json=QUANTITY)
    assert answer.status_code == 400


@pytest.mark.parametrize("lead_time", ["", "soon", "1.25:00:00", "06:00", None, 3])
async def test_a_wrong_lead_time_is_refused(vtex: httpx2.AsyncClient, lead_time: object) -> None:
    assert (await vtex.patch(f"{STOCK}/lead-time", json={"leadTime": lead_time})).status_code == 400


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("3", "3.00:00:00"),
        ("3.06:00:00", "3.06:00:00"),
        ("06:00:00", "06:00:00"),
        ("78:00:00", "78.00:00:00"),
    ],
)
def test_a_lead_time_without_days_is_read_as_vtex_reads_it(sent: str, kept: str) -> None:
    assert parse_lead_time(sent) == kept


async def test_overlapping_writes_of_one_stock_lose_the_later(vtex: httpx2.AsyncClient, state: Store) -> None:
    state.stock_write_seconds = 0.05
    first, second = await asyncio.gather(
        vtex.put(STOCK, json={"quantity": 1}), vtex.put(STOCK.lower(), json={"quantity": 2})
    )
    assert (first.status_code, second.status_code) == (200, 423)
    assert second.headers["content-type"].startswith("text/plain")
    assert second.text.startswith("Unable to acquire lock for key")
    assert state.stock["1001", "1_1"].quantity == 1


async def test_writes_of_different_warehouses_do_not_lock_each_other(
    vtex: httpx2.AsyncClient, state: Store
) -> None:
    state.stock_write_seconds = 0.02
    other = f"{INVENTORY}/warehouses/sp"
    answers = await asyncio.gather(*(vtex.put(url, json={"quantity": 1}) for url in (STOCK, other)))
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_put_that_omits_quantity_and_lead_time_sets_them_to_zero(
    vtex: httpx2.AsyncClient, shop: Shop
) -> None:
    await vtex.put(STOCK, json=QUANTITY | {"leadTime": "2.00:00:00"})
    answer = await vtex.put(STOCK, json={"unlimitedQuantity": False})
    assert (answer.status_code, answer.json()) == (200, True)
    balance = (await shop.get(INVENTORY))["balance"][0]
    assert (balance["totalQuantity"], balance["leadTime"]) == (0, "00:00:00")


async def test_patching_the_quantity_leaves_the_lead_time(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await vtex.patch(f"{STOCK}/lead-time", json={"leadTime": "2.00:00:00"})
    assert (await vtex.patch(f"{STOCK}/quantity", json=QUANTITY)).status_code == 204
    balance = (await shop.get(INVENTORY))["balance"][0]
    assert (balance["totalQuantity"], balance["leadTime"]) == (5, "2.00:00:00")


async def test_unlimited_stock_shows_a_million(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await vtex.patch(f"{STOCK}/quantity", json=QUANTITY | {"unlimitedQuantity": True})
    assert (await shop.get(INVENTORY))["balance"][0]["totalQuantity"] == 1_000_000


async def test_warehouse_ids_ignore_case_only_in_stock(vtex: httpx2.AsyncClient, state: Store) -> None:
    await vtex.patch(f"{INVENTORY}/warehouses/SP/quantity", json=QUANTITY)
    assert state.stock["1001", "sp"].quantity == 5
    assert (await vtex.get("/api/logistics/pvt/configuration/warehouses/SP")).status_code == 404


async def test_a_new_store_has_two_warehouses(shop: Shop) -> None:
    warehouses = await shop.get("/api/logistics/pvt/configuration/warehouses")
    assert [warehouse["id"] for warehouse in warehouses] == ["1_1", "sp"]


async def _reserved(shop: Shop) -> int:
    return int((await shop.get(INVENTORY))["balance"][0]["reservedQuantity"])


async def test_a_stock_write_keeps_reservations_before_handling(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.order(quantity=2)
    await vtex.patch(f"{STOCK}/quantity", json=QUANTITY)
    assert await _reserved(shop) == 2


async def test_a_stock_write_zeroes_acknowledged_reservations(
    vtex: httpx2.AsyncClient, shop: Shop, journal: Journal
) -> None:
    order = await shop.order(quantity=2)
    await vtex.post(f"/api/oms/pvt/orders/{order}/start-handling")
    assert await _reserved(shop) == 2
    await vtex.patch(f"{STOCK}/quantity", json=QUANTITY)
    assert await _reserved(shop) == 0
    effect = journal.effects("stock.patched")[0]
    assert (effect["sku_id"], effect["warehouse"], effect["quantity"]) == ("1001", "1_1", 5)


async def test_a_canceled_order_releases_its_reservations(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await shop.order()
    await vtex.post(f"/api/oms/pvt/orders/{order}/cancel", json={"reason": "changed my mind"})
    assert await _reserved(shop) == 0
