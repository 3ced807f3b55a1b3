"""The order modifications' rules, refusals first. An order has two S1 at 100.00 and 9.90 of shipping."""

from typing import Any

import httpx2
import pytest

from app.sandbox.journal import Journal
from app.sandbox.state import Store
from tests.sandbox.conftest import Shop

SETTINGS = "/api/order-system/orders/changes/settings?an=sandboxstore"
AN = {"an": "sandboxstore"}


def url(order: str, action: str = "") -> str:
    return f"/api/order-system/orders/{order}/changes{action}"


def body(taken: int = 1, given: int = 1, **changes: Any) -> dict[str, Any]:
    replaced = {
        "from": {"items": [{"id": "1001", "quantity": taken}]},
        "to": {"items": [{"id": "1002", "quantity": given, **changes}]},
    }
    return {"reason": "Out of stock", "replace": [replaced]}


@pytest.fixture
async def order(shop: Shop, vtex: httpx2.AsyncClient) -> str:
    """In handling, in a store that sells S2 for 80.00 and has order modifications switched on."""
    placed = await shop.order("handling")
    await shop.sku(RefId="S2", Name="Azul G")
    await shop.price(1002, basePrice=80, costPrice=40)
    await vtex.put(SETTINGS, json={"rolloutConfiguration": {"enableApi": True}})
    return placed


async def preview(vtex: httpx2.AsyncClient, order: str, change: dict[str, Any]) -> httpx2.Response:
    return await vtex.post(url(order, "/preview"), params=AN, json=change)


async def request(vtex: httpx2.AsyncClient, order: str, **changes: Any) -> dict[str, Any]:
    answer = await vtex.patch(url(order), params={"accountName": "sandboxstore"}, json=body(**changes))
    assert answer.status_code == 202, answer.text
    taken: dict[str, Any] = answer.json()
    return taken


async def test_a_new_store_has_them_switched_off(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await shop.order("handling")
    assert (await preview(vtex, order, body())).status_code == 403
    assert not (await shop.get(SETTINGS))["rolloutConfiguration"]["enableApi"]


async def test_the_account_is_named_by_another_word_in_each_call(
    vtex: httpx2.AsyncClient, order: str
) -> None:
    assert (await vtex.patch(url(order), params=AN, json=body())).status_code == 400
    wrong = await vtex.post(url(order, "/preview"), params={"accountName": "sandboxstore"}, json=body())
    assert wrong.status_code == 400


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (body() | {"reason": ""}, "CHK0124"),
        (body() | {"replace": []}, "CHK0124"),
        (body(taken=0), "CHK0023"),
        (body(taken=3), "SalesOrderSystem011"),
        (body(id="7"), "CHK0022"),
        (body(id="S2"), "CHK0022"),
        (body(given=0), "CHK0023"),
        (body(manualDiscountValue=-1), "CHK0098"),
        (body(manualDiscountValue=18990), "CHK0034"),
        (
            {"reason": "A", "replace": [{"from": {"items": [{"id": "1002", "quantity": 1}]}}]},
            "SalesOrderSystem010",
        ),
    ],
)
async def test_a_wrong_change_is_refused_by_its_code(
    vtex: httpx2.AsyncClient, order: str, journal: Journal, change: dict[str, Any], code: str
) -> None:
    answer = await preview(vtex, order, change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert journal.effects("order.change-requested") == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("canceled", "SalesOrderSystem008"),
        ("ready-for-handling", "CHK0124"),
        ("invoiced", "SalesOrderSystem046"),
    ],
)
@pytest.mark.usefixtures("order")
async def test_an_order_that_is_not_in_handling_is_refused_by_its_code(
    vtex: httpx2.AsyncClient, shop: Shop, status: str, code: str
) -> None:
    other = await shop.another_order(status)
    assert (await preview(vtex, other, body())).json()["error"]["code"] == code


async def test_an_unknown_order_or_request_is_refused_by_its_code(
    vtex: httpx2.AsyncClient, order: str
) -> None:
    unknown = await preview(vtex, "0-01", body())
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "CHK0201")
    answer = await vtex.get(url(order, "/none"), params=AN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "CHK0289")


async def test_a_preview_tells_the_difference_and_changes_nothing(
    vtex: httpx2.AsyncClient, shop: Shop, order: str
) -> None:
    shown = (await preview(vtex, order, body(manualDiscountValue=500))).json()
    assert shown["totalChangeValue"] == 8000 - 10000 - 500
    assert {each["id"]: each["value"] for each in shown["totals"]} == {
        "Items": -2000,
        "ManualValues": -500,
        "Shipping": 0,
    }
    [new] = shown["replace"][0]["to"]["items"]
    assert (new["id"], new["sellingPrice"]) == ("1002", 8000)
    assert (await shop.get(f"/api/oms/pvt/orders/{order}"))["changesAttachment"] is None


async def test_a_change_is_done_some_moments_later(
    vtex: httpx2.AsyncClient, shop: Shop, order: str, state: Store
) -> None:
    state.change_seconds = 60
    taken = await request(vtex, order)
    details = await shop.get(url(order, f"/{taken['requestId']}?an=sandboxstore"))
    assert (details["status"], details["finished"]) == ("waiting-acknowledgement", False)
    assert (await shop.get(f"/api/oms/pvt/orders/{order}"))["value"] == 20990
    state.clock_offset_seconds = 61
    details = await shop.get(url(order, f"/{taken['requestId']}?an=sandboxstore"))
    assert (details["status"], details["finished"]) == ("done", True)
    document = await shop.get(f"/api/oms/pvt/orders/{order}")
    assert document["value"] == sum(each["value"] for each in document["totals"]) == 18990
    assert [(item["id"], item["quantity"]) for item in document["items"]] == [("1001", 1), ("1002", 1)]
    [change] = document["changesAttachment"]["changesData"]
    assert [item["id"] for item in change["itemsAdded"] + change["itemsRemoved"]] == ["1002", "1001"]


async def test_the_reservation_follows_and_the_stock_does_not(
    vtex: httpx2.AsyncClient, shop: Shop, order: str, state: Store
) -> None:
    await request(vtex, order)
    await shop.get(f"/api/oms/pvt/orders/{order}")
    held = {sku: sum(each.quantity for each in of.values()) for (sku, _), of in state.reservations.items()}
    assert held == {"1001": 1, "1002": 1}


async def test_one_change_at_a_time(vtex: httpx2.AsyncClient, order: str, state: Store) -> None:
    state.change_seconds = 60
    await request(vtex, order)
    answer = await preview(vtex, order, body())
    assert answer.json()["error"]["code"] == "SalesOrderSystem014"


async def test_a_change_that_fails_is_canceled_with_its_reason(
    vtex: httpx2.AsyncClient, shop: Shop, order: str, state: Store
) -> None:
    state.change_fails = "The acquirer said no"
    taken = await request(vtex, order)
    details = await shop.get(url(order, f"/{taken['requestId']}?an=sandboxstore"))
    assert (details["status"], details["cancellationData"]["reason"]) == ("canceled", "The acquirer said no")
    assert (await shop.get(f"/api/oms/pvt/orders/{order}"))["value"] == 20990


async def test_the_history_has_every_request(vtex: httpx2.AsyncClient, shop: Shop, order: str) -> None:
    first = await request(vtex, order)
    second = await request(vtex, order)
    history = await shop.get(url(order, "?an=sandboxstore"))
    assert [each["requestId"] for each in history["requests"]] == [first["requestId"], second["requestId"]]


async def test_staff_may_cancel_one_that_is_not_done(
    vtex: httpx2.AsyncClient, shop: Shop, order: str, state: Store
) -> None:
    state.change_seconds = 60
    taken = await request(vtex, order)
    at = url(order, f"/{taken['requestId']}")
    assert (await vtex.post(f"{at}/retry", params=AN, json=body())).status_code == 204
    assert (await vtex.post(f"{at}/cancel", params=AN, json={"reason": "Wrong"})).status_code == 200
    state.clock_offset_seconds = 61
    assert (await shop.get(f"{at}?an=sandboxstore"))["cancellationData"]["reason"] == "Wrong"
    assert (await vtex.post(f"{at}/retry", params=AN, json=body())).status_code == 400
