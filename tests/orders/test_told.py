"""What an ERP may want beside the order's document: VTEX's own order, and its payments' details."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.config import VtexSettings
from app.errors import Retry
from app.http.door import Door
from app.orders.told import Told
from app.vtex.store import VtexStore, open_store
from tests.orders.steps import bought
from tests.running import RunningSandbox, configuration


@pytest.fixture
async def store(shop: RunningSandbox) -> AsyncIterator[VtexStore]:
    door = Door()
    settings = configuration("sqlite://", shop.url)["connections"]["acme"]["vtex"]
    yield open_store(door, "acme", VtexSettings.model_validate(settings))
    await door.close()


@pytest.fixture
async def order(shop: RunningSandbox, store: VtexStore) -> dict[str, Any]:
    found = await store.orders.read(await bought(shop))
    assert found is not None
    return found


async def told(store: VtexStore, order: dict[str, Any]) -> dict[str, Any]:
    document = await Told(payments=store.payments).of(order)
    [payment] = document["order"]["payments"]
    result: dict[str, Any] = payment
    return result


async def test_neither_is_told_unless_it_is_wanted(order: dict[str, Any], shop: RunningSandbox) -> None:
    document = await Told().of(order)
    [payment] = document["order"]["payments"]
    assert (document["vtex_order"], payment["details"], payment["details_missing"]) == (None, None, None)
    journal = (await shop.client.get("/sandbox/journal")).json()
    assert [each for each in journal if each["api"] == "payments"] == []


async def test_vtexs_order_is_told_whole_but_for_what_could_pay(example: dict[str, Any]) -> None:
    document = await Told(vtex_order=True).of(example)
    raw = document["vtex_order"]
    assert set(raw) == set(example)
    assert raw["value"] == 1160
    assert raw["shippingData"]["address"]["geoCoordinates"] == ["-43.3373718", "-23.0105873"]
    [payment] = raw["paymentData"]["transactions"][0]["payments"]
    assert (payment["cvv2"], payment["expireYear"], payment["lastDigits"]) == (None, None, "1111")


async def test_a_payments_details_have_its_billing_address(store: VtexStore, order: dict[str, Any]) -> None:
    payment = await told(store, order)
    details = payment["details"]
    assert payment["details_missing"] is None
    assert (details["status"], details["authorization_code"], details["nsu"]) == ("Finished", "A1B2C3", "N1")
    assert details["installment_value"] == "119.90"
    assert details["billing_address"]["postal_code"] == "22630-011"
    assert details["billing_address"]["street"] == "Avenida Lúcio Costa"


@pytest.mark.parametrize(
    ("status", "missing"),
    [
        (403, "the app key lacks the resource View Payment Data (403)"),
        (404, "VTEX's payments API does not know it (404)"),
    ],
)
async def test_details_that_vtex_refuses_do_not_hold_the_order_back(
    store: VtexStore, order: dict[str, Any], shop: RunningSandbox, status: int, missing: str
) -> None:
    await shop.control("faults", {"action": "status", "status": status, "path_regex": "/transactions/"})
    payment = await told(store, order)
    assert (payment["details"], payment["details_missing"]) == (None, missing)
    assert payment["value"] == "119.90"


async def test_an_order_waits_for_a_payments_api_that_is_down(
    store: VtexStore, order: dict[str, Any], shop: RunningSandbox
) -> None:
    await shop.control("faults", {"action": "status", "status": 500, "path_regex": "/transactions/"})
    with pytest.raises(Retry, match="VTEX payments"):
        await told(store, order)


@pytest.mark.parametrize("field", [None, "", "no JSON", "[1]", 7])
async def test_a_billing_address_that_cannot_be_read_is_null(
    store: VtexStore, order: dict[str, Any], shop: RunningSandbox, field: Any
) -> None:
    body = {"status": "Finished", "fields": [{"name": "address", "value": field}, None]}
    fault = {"action": "status", "status": 200, "body": json.dumps(body), "path_regex": "/transactions/"}
    await shop.control("faults", fault)
    details = (await told(store, order))["details"]
    assert (details["status"], details["billing_address"]) == ("Finished", None)


async def test_payments_without_ids_are_told_without_details(store: VtexStore) -> None:
    data = {"transactions": [{"payments": [{"value": 100}]}, {"transactionId": "T", "payments": None}]}
    document = await Told(payments=store.payments).of(
        {"orderId": "1-01", "status": "ready-for-handling", "paymentData": data}
    )
    [payment] = document["order"]["payments"]
    assert (payment["value"], payment["details"]) == ("1.00", None)
