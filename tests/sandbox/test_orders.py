"""The OMS's rules, refusals first. The orders here have two units at 100.00 and 9.90 of shipping."""

import httpx2
import pytest

from app.sandbox.journal import Journal
from app.sandbox.state import Store
from tests.sandbox.conftest import Shop

TOTAL = 20990
INVOICE = {
    "type": "Output",
    "issuanceDate": "2026-11-23T10:00:00Z",
    "invoiceNumber": "NF1",
    "invoiceValue": str(TOTAL),
    "items": [{"id": "1001", "price": 10000, "quantity": 2}],
}
TRACKING = {"trackingNumber": "BR123", "trackingUrl": None, "courier": "Correios", "dispatchedDate": None}


def url(order: str, action: str = "") -> str:
    return f"/api/oms/pvt/orders/{order}{action}"


def denial(order: str) -> str:
    return f"/api/orders/pvt/document/{order}/deny-cancellation-request"


async def _status(shop: Shop, order: str) -> str:
    return str((await shop.get(url(order)))["status"])


async def _handling(shop: Shop) -> str:
    order = await shop.order()
    await shop.client.post(url(order, "/start-handling"))
    return order


async def test_an_unknown_order_is_oms007(vtex: httpx2.AsyncClient) -> None:
    answer = await vtex.get(url("0-01"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "OMS007")


async def test_start_handling_too_early_is_oms003(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await shop.order(status="payment-pending")
    answer = await vtex.post(url(order, "/start-handling"))
    assert answer.status_code == 409
    message = "Order status should be ready-for-handling"
    assert answer.json() == {"error": {"code": "OMS003", "message": message, "exception": None}}


async def test_start_handling_twice_is_oms003(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await shop.order()
    assert (await vtex.post(url(order, "/start-handling"))).status_code == 204
    assert await _status(shop, order) == "handling"
    assert (await vtex.post(url(order, "/start-handling"))).status_code == 409


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Sale"},
        {"invoiceNumber": None},
        {"invoiceValue": TOTAL},
        {"invoiceValue": "209.90"},
        {"invoiceValue": "0"},
        {"invoiceValue": str(TOTAL + 1)},
        {"issuanceDate": "2026-11-23 10:00"},
        {"issuanceDate": "yesterday"},
        {"items": []},
        {"items": [{"id": "7", "price": 1, "quantity": 1}]},
        {"items": [{"id": "1001", "price": 100.5, "quantity": 1}]},
        {"courier": None},
        {"type": "Input"},
    ],
)
async def test_a_wrong_invoice_is_refused(
    vtex: httpx2.AsyncClient, shop: Shop, change: dict[str, object]
) -> None:
    order = await _handling(shop)
    answer = await vtex.post(url(order, "/invoice"), json=INVOICE | change)
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"code", "message", "exception"}


async def test_an_invoice_before_handling_is_refused(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await shop.order()
    assert (await vtex.post(url(order, "/invoice"), json=INVOICE)).status_code == 400


async def test_the_whole_invoice_ends_the_order(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await _handling(shop)
    answer = await vtex.post(url(order, "/invoice"), json=INVOICE)
    assert set(answer.json()) == {"date", "orderId", "receipt"}
    assert await _status(shop, order) == "invoiced"


async def test_an_invoice_without_the_shipping_does_not_end_the_order(
    vtex: httpx2.AsyncClient, shop: Shop
) -> None:
    order = await _handling(shop)
    await vtex.post(url(order, "/invoice"), json=INVOICE | {"invoiceValue": "20000"})
    assert await _status(shop, order) == "handling"
    await vtex.post(url(order, "/invoice"), json=INVOICE | {"invoiceNumber": "NF2", "invoiceValue": "990"})
    assert await _status(shop, order) == "invoiced"


async def test_the_same_invoice_number_changes_nothing(
    vtex: httpx2.AsyncClient, shop: Shop, journal: Journal
) -> None:
    order = await _handling(shop)
    first = await vtex.post(url(order, "/invoice"), json=INVOICE)
    second = await vtex.post(url(order, "/invoice"), json=INVOICE | {"invoiceValue": "1"})
    assert second.status_code == 200
    assert first.json()["receipt"] != second.json()["receipt"]
    assert len(journal.effects("order.invoiced")) == 1
    packages = (await shop.get(url(order)))["packageAttachment"]["packages"]
    assert [package["invoiceValue"] for package in packages] == [TOTAL]


async def test_tracking_needs_its_invoice(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await _handling(shop)
    assert (await vtex.patch(url(order, "/invoice/NF1"), json=TRACKING)).status_code == 404


@pytest.mark.parametrize("missing", list(TRACKING))
async def test_tracking_needs_all_four_keys(vtex: httpx2.AsyncClient, shop: Shop, missing: str) -> None:
    order = await _handling(shop)
    await vtex.post(url(order, "/invoice"), json=INVOICE)
    body = {name: value for name, value in TRACKING.items() if name != missing}
    assert (await vtex.patch(url(order, "/invoice/NF1"), json=body)).status_code == 400


async def test_tracking_is_set_on_the_package(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await _handling(shop)
    await vtex.post(url(order, "/invoice"), json=INVOICE)
    assert (await vtex.patch(url(order, "/invoice/NF1"), json=TRACKING)).status_code == 200
    package = (await shop.get(url(order)))["packageAttachment"]["packages"][0]
    assert (package["trackingNumber"], package["courier"]) == ("BR123", "Correios")


async def test_an_invoice_number_with_a_blank_can_never_be_tracked(
    vtex: httpx2.AsyncClient, shop: Shop
) -> None:
    order = await _handling(shop)
    await vtex.post(url(order, "/invoice"), json=INVOICE | {"invoiceNumber": "NF 1"})
    assert (await vtex.patch(url(order, "/invoice/NF%201"), json=TRACKING)).status_code == 404


async def test_tracking_events_need_a_tracking_number(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await _handling(shop)
    await vtex.post(url(order, "/invoice"), json=INVOICE)
    event = {"city": "Rio", "state": "RJ", "description": "Delivered", "date": "2026-11-24"}
    body = {"isDelivered": True, "events": [event]}
    assert (await vtex.put(url(order, "/invoice/NF1/tracking"), json=body)).status_code == 400
    await vtex.patch(url(order, "/invoice/NF1"), json=TRACKING)
    assert (await vtex.put(url(order, "/invoice/NF1/tracking"), json=body)).status_code == 200
    courier = (await shop.get(url(order)))["packageAttachment"]["packages"][0]["courierStatus"]
    assert (courier["finished"], courier["data"][0]["city"]) == (True, "Rio")


@pytest.mark.parametrize("value", [str(TOTAL), "100"])
async def test_an_order_with_an_invoice_cannot_be_canceled(
    vtex: httpx2.AsyncClient, shop: Shop, value: str
) -> None:
    order = await _handling(shop)
    await vtex.post(url(order, "/invoice"), json=INVOICE | {"invoiceValue": value})
    assert (await vtex.post(url(order, "/cancel"), json={"reason": "late"})).status_code == 400


async def test_an_order_is_canceled_with_its_reason(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await shop.order()
    assert (await vtex.post(url(order, "/cancel"), json={"reason": "late"})).status_code == 200
    document = await shop.get(url(order))
    assert (document["status"], document["cancelReason"]) == ("canceled", "late")


async def test_an_order_is_in_cents_and_names_the_erp_code(shop: Shop) -> None:
    document = await shop.get(url(await shop.order()))
    item = document["items"][0]
    assert (item["id"], item["refId"], item["price"], item["quantity"]) == ("1001", "S1", 10000, 2)
    assert document["value"] == sum(total["value"] for total in document["totals"]) == TOTAL
    delivery = document["shippingData"]["logisticsInfo"][0]["deliveryIds"][0]
    assert delivery["warehouseId"] == "1_1"
    assert document["storePreferencesData"]["currencyCode"] == "BRL"


async def test_a_fixed_price_of_the_main_policy_overrides_the_base_price(shop: Shop) -> None:
    await shop.sku()
    fixed = [{"tradePolicyId": "1", "value": 80, "minQuantity": 2}]
    await shop.price(basePrice=100, costPrice=50, fixedPrices=fixed)
    prices = []
    for quantity in (1, 2):
        document = await shop.get(url(await shop.another_order(quantity=quantity)))
        prices.append(document["items"][0]["price"])
    assert prices == [10000, 8000]


async def test_an_order_needs_the_price_of_its_sku(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    answer = await vtex.post("/sandbox/orders", json={"items": [{"ref_id": "S1", "quantity": 1}]})
    assert (answer.status_code, answer.text) == (400, "SKU S1 has no price")


async def test_the_list_filters_by_status_and_pages(shop: Shop) -> None:
    first = await shop.order()
    others = [await shop.another_order() for _ in range(2)]
    await shop.client.post(url(first, "/start-handling"))
    query = "f_status=ready-for-handling,canceled&per_page=1&orderBy=creationDate,asc"
    page = await shop.get(f"/api/oms/pvt/orders?{query}&page=2")
    assert [row["orderId"] for row in page["list"]] == [others[1]]
    assert page["paging"] == {"total": 2, "pages": 2, "currentPage": 2, "perPage": 1}
    assert page["list"][0]["items"] is None


@pytest.mark.parametrize("query", ["page=31", "per_page=101", "page=0", "page=x"])
async def test_the_list_has_thirty_pages_of_a_hundred(vtex: httpx2.AsyncClient, query: str) -> None:
    assert (await vtex.get(f"/api/oms/pvt/orders?{query}")).status_code == 400


async def test_the_list_follows_late(shop: Shop, state: Store) -> None:
    order = await shop.order()
    state.list_lag_seconds = 240
    assert (await shop.get("/api/oms/pvt/orders"))["list"] == []
    state.clock_offset_seconds = 300
    await shop.client.post(url(order, "/start-handling"))
    row = (await shop.get("/api/oms/pvt/orders"))["list"][0]
    assert row["status"] == "ready-for-handling"
    assert await _status(shop, order) == "handling"


@pytest.mark.parametrize("status", ["start-handling", "invoice", "request-cancel"])
async def test_nothing_is_canceled_in_a_transient_status(
    vtex: httpx2.AsyncClient, shop: Shop, status: str
) -> None:
    order = await shop.order()
    await vtex.post(f"/sandbox/orders/{order}/status", json={"status": status})
    assert (await vtex.post(url(order, "/cancel"), json={"reason": "late"})).status_code == 400


async def test_a_cancellation_may_have_to_be_asked_for_twice(
    vtex: httpx2.AsyncClient, shop: Shop, state: Store
) -> None:
    state.cancel_in_two_steps = True
    order = await _handling(shop)
    for status in ("cancellation-requested", "canceled"):
        assert (await vtex.post(url(order, "/cancel"), json={"reason": "late"})).status_code == 200
        assert await _status(shop, order) == status


@pytest.mark.parametrize("body", [{}, {"cancellationRequestId": "other", "denyReason": "sent"}])
async def test_a_denial_needs_the_id_of_the_open_request(
    vtex: httpx2.AsyncClient, shop: Shop, body: dict[str, str]
) -> None:
    order = await _handling(shop)
    await vtex.post(f"/sandbox/orders/{order}/status", json={"status": "cancellation-requested"})
    assert (await vtex.post(denial(order), json=body)).status_code == 400


async def test_there_is_nothing_to_deny_before_a_request(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await _handling(shop)
    body = {"cancellationRequestId": "1", "denyReason": "sent"}
    assert (await vtex.post(denial(order), json=body)).status_code == 400


async def test_a_denied_order_goes_on_where_it_was(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await _handling(shop)
    await vtex.post(f"/sandbox/orders/{order}/status", json={"status": "cancellation-requested"})
    [request] = (await shop.get(url(order)))["cancellationRequests"]
    body = {"cancellationRequestId": request["id"], "denyReason": "sent"}
    assert (await vtex.post(denial(order), json=body)).status_code == 200
    assert await _status(shop, order) == "handling"
