"""What customers of the sandbox do: discounts, several sellers, kits, and second thoughts."""

import asyncio
from typing import Any

import httpx2
import pytest

from app.sandbox.erp import Erp
from app.sandbox.state import Store
from tests.sandbox.conftest import SKU, Shop
from tests.sandbox.test_erp import signed
from tests.sandbox.test_feed import CONFIG, FEED


async def _buy(vtex: httpx2.AsyncClient, **body: object) -> dict[str, Any]:
    answer = await vtex.post("/sandbox/orders", json={"items": [{"ref_id": "S1", "quantity": 3}]} | body)
    assert answer.status_code == 200, answer.text
    placed: dict[str, Any] = answer.json()
    return placed


@pytest.fixture
async def stocked(shop: Shop) -> None:
    """SKU S1 at 100.00."""
    await shop.sku()
    await shop.price()


@pytest.mark.parametrize(
    "change",
    [
        {"items": [{"ref_id": "S1", "discount": -1}]},
        {"items": [{"ref_id": "S1", "discount": "1"}]},
        {"items": [{"ref_id": "S1", "discount": 10001}]},
        {"items": [{"ref_id": "S1", "seller": ""}]},
        {"cancel_when": "invoiced"},
    ],
)
@pytest.mark.usefixtures("stocked")
async def test_an_impossible_purchase_is_refused(
    vtex: httpx2.AsyncClient, state: Store, change: dict[str, object]
) -> None:
    body = {"items": [{"ref_id": "S1"}]} | change
    assert (await vtex.post("/sandbox/orders", json=body)).status_code == 400
    assert state.orders == {}


@pytest.mark.usefixtures("stocked")
async def test_a_discount_is_shared_by_the_pieces_to_the_cent(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    placed = await _buy(vtex, items=[{"ref_id": "S1", "quantity": 3, "discount": 1000}], shipping=500)
    assert placed["value"] == 3 * 10000 - 1000 + 500
    order = await shop.get(f"/api/oms/pvt/orders/{placed['orderId']}")
    assert {each["id"]: each["value"] for each in order["totals"]} == {
        "Items": 30000,
        "Discounts": -1000,
        "Shipping": 500,
        "Tax": 0,
    }
    [item] = order["items"]
    assert (item["price"], item["sellingPrice"]) == (10000, 9666)
    assert item["priceDefinition"]["total"] == 29000
    assert item["priceDefinition"]["sellingPrices"] == [
        {"value": 9667, "quantity": 2},
        {"value": 9666, "quantity": 1},
    ]
    [tag] = item["priceTags"]
    assert (tag["name"].partition("@")[0], tag["value"], tag["rawValue"]) == ("discount", -1000, -10)
    assert len(order["ratesAndBenefitsData"]["rateAndBenefitsIdentifiers"]) == 1


@pytest.mark.usefixtures("stocked")
async def test_each_seller_gets_an_order_of_the_group(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    items = [{"ref_id": "S1", "seller": seller} for seller in ("1", "livraria", "1")]
    placed = await _buy(vtex, items=items, shipping=999)
    group = placed["orderGroup"]
    assert [each["orderId"] for each in placed["orders"]] == [f"{group}-01", f"{group}-02"]
    assert [each["value"] for each in placed["orders"]] == [20000 + 500, 10000 + 499]
    own, other = [await shop.get(f"/api/oms/pvt/orders/{group}-{number}") for number in ("01", "02")]
    assert own["orderGroup"] == other["orderGroup"] == group
    assert (own["sellers"][0]["id"], other["sellers"][0]["id"]) == ("1", "livraria")
    assert (own["sellerOrderId"], other["sellerOrderId"]) == (f"00-{group}-01", f"SLR-{group}-02")
    assert [item["seller"] for item in other["items"]] == ["livraria"]
    there = await shop.get(f"/api/oms/pvt/orders/{other['sellerOrderId']}")
    assert there["orderId"] == f"{group}-02"
    assert (await vtex.get(f"/api/oms/pvt/orders/{own['sellerOrderId']}")).status_code == 404
    assert (await _buy(vtex))["orderGroup"] != group


@pytest.mark.usefixtures("stocked")
async def test_a_kit_shows_its_components_and_holds_their_stock(
    vtex: httpx2.AsyncClient, shop: Shop, state: Store
) -> None:
    kit = await shop.sku(RefId="KIT", IsKit=True)
    await shop.price(kit["Id"])
    part = {"StockKeepingUnitParent": kit["Id"], "StockKeepingUnitId": 1001, "Quantity": 2, "UnitPrice": 45.5}
    assert (await vtex.post("/api/catalog/pvt/stockkeepingunitkit", json=part)).status_code == 200
    placed = await _buy(vtex, items=[{"ref_id": "KIT", "quantity": 3}])
    [item] = (await shop.get(f"/api/oms/pvt/orders/{placed['orderId']}"))["items"]
    assert [(each["refId"], each["quantity"], each["price"]) for each in item["components"]] == [
        (SKU["RefId"], 2, 4550)
    ]
    assert state.reservations["1001", "1_1"][placed["orderId"]].quantity == 6
    assert placed["orderId"] not in state.reservations[str(kit["Id"]), "1_1"]
    await vtex.post(f"/sandbox/orders/{placed['orderId']}/cancel")
    assert placed["orderId"] not in state.reservations["1001", "1_1"]


@pytest.mark.parametrize("moment", ["payment-pending", "window-to-cancel", "ready-for-handling"])
@pytest.mark.usefixtures("stocked")
async def test_a_shopper_cancels_on_the_way(vtex: httpx2.AsyncClient, state: Store, moment: str) -> None:
    placed = await _buy(vtex, cancel_when=moment)
    assert [status for _, status in state.orders[placed["orderId"]].history][-4:] == [
        moment,
        "request-cancel",
        "cancel",
        "canceled",
    ]


@pytest.mark.usefixtures("stocked")
async def test_a_shopper_cancels_in_handling(vtex: httpx2.AsyncClient, state: Store) -> None:
    state.cancel_in_two_steps = True
    order_id = (await _buy(vtex, cancel_when="handling"))["orderId"]
    assert (await vtex.post(f"/api/oms/pvt/orders/{order_id}/start-handling")).status_code == 204
    assert state.orders[order_id].status == "cancellation-requested"


@pytest.mark.usefixtures("stocked")
async def test_a_shopper_cancels_when_the_erp_has_the_order(vtex: httpx2.AsyncClient, state: Store) -> None:
    order_id = (await _buy(vtex, cancel_when="told"))["orderId"]
    body = f'{{"order":{{"id":"{order_id}"}}}}'
    await vtex.post("/erp/orders", content=body, headers=signed("w1", body))
    assert state.orders[order_id].status == "canceled"


@pytest.mark.usefixtures("stocked")
async def test_an_item_of_the_feed_is_repeated_after_its_commit(
    vtex: httpx2.AsyncClient, shop: Shop, state: Store
) -> None:
    await vtex.post("/sandbox/settings", json={"feed_repeat_ratio": 1})
    await vtex.post(f"{FEED}/config", json=CONFIG)
    await _buy(vtex)
    first = await shop.get(f"{FEED}?maxlot=1")
    await vtex.post(FEED, json={"handles": [each["handle"] for each in first]})
    state.clock_offset_seconds = 30
    second = await shop.get(f"{FEED}?maxlot=1")
    assert [each["orderId"] for each in first] == [each["orderId"] for each in second]
    assert first[0]["eventId"] != second[0]["eventId"]


@pytest.mark.usefixtures("stocked")
async def test_the_feed_is_dropped_at_a_moment_with_all_that_waits(
    vtex: httpx2.AsyncClient, state: Store
) -> None:
    await vtex.post(f"{FEED}/config", json=CONFIG)
    answer = await vtex.post("/sandbox/feed/drop", json={"after_seconds": 60})
    assert answer.json() == {"configured": True}
    await _buy(vtex)
    assert (await vtex.get(f"{FEED}/config")).json()["quantity"] == 1
    state.clock_offset_seconds = 61
    assert (await vtex.get(FEED, params={"maxlot": 1})).status_code == 404
    await vtex.post(f"{FEED}/config", json=CONFIG)
    assert (await vtex.get(f"{FEED}/config")).json()["quantity"] == 0


async def test_the_erp_answers_so_many_in_a_second(vtex: httpx2.AsyncClient, erp: Erp) -> None:
    await vtex.post("/sandbox/erp", json={"per_second": 2, "overloaded_status": 503})
    answers = [await vtex.post("/erp/orders", content="{}", headers=signed(f"w{n}", "{}")) for n in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 503, 503]
    assert answers[-1].headers["retry-after"] == "1"
    assert (len(erp.received), [each["status"] for each in erp.deliveries]) == (2, [200, 200, 503, 503])
    assert (await vtex.get("/sandbox/erp")).json()["per_second"] == 2


async def test_the_erp_works_on_so_many_at_once(vtex: httpx2.AsyncClient) -> None:
    await vtex.post("/sandbox/erp", json={"max_concurrent": 2, "delay_seconds": 0.05})
    calls = [vtex.post("/erp/orders", content="{}", headers=signed(f"w{n}", "{}")) for n in range(3)]
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429]
