"""VTEX's order as the ERP gets it: exact money, no floats, and nothing missing keeps it from the ERP."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.orders.mapping import order_document
from app.sandbox.order_document import CLIENT


def numbers(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [
            each for part in (value.values() if isinstance(value, dict) else value) for each in numbers(part)
        ]
    return [value] if isinstance(value, float | Decimal) else []


def test_vtexs_own_example_is_mapped_with_exact_money(example: dict[str, Any]) -> None:
    order = order_document(example)["order"]
    assert order["id"] == example["orderId"]
    assert Decimal(order["total"]) * 100 == example["value"]
    assert order["total"].partition(".")[2].isdecimal()
    assert [Decimal(item["price"]) * 100 for item in order["items"]] == [
        item["price"] for item in example["items"]
    ]
    assert {name: Decimal(value) * 100 for name, value in order["totals"].items()} == {
        each["id"]: each["value"] for each in example["totals"]
    }
    assert len(order["payments"]) >= 1
    assert len(order["shipping"]["deliveries"]) == len(example["shippingData"]["logisticsInfo"])


def test_vtexs_own_example_holds_no_float_and_survives_json(example: dict[str, Any]) -> None:
    document = order_document(example)
    assert numbers(document) == []
    assert json.loads(json.dumps(document)) == document


ORDER: dict[str, Any] = {
    "orderId": "1-01",
    "status": "ready-for-handling",
    "value": 11990,
    "totals": [{"id": "Items", "value": 11000}, {"id": "Shipping", "value": 990}],
    "clientProfileData": CLIENT,
    "items": [{"id": "1001", "refId": "S1", "price": 11000, "quantity": 1, "uniqueId": "A"}],
    "shippingData": {
        "address": {"postalCode": "22630-011"},
        "logisticsInfo": [{"itemIndex": 0, "price": 990, "deliveryIds": [{"warehouseId": "1_1"}]}],
    },
    "paymentData": {"transactions": [{"transactionId": "T", "payments": [{"id": "P", "value": 11990}]}]},
    "storePreferencesData": {"currencyCode": "BRL"},
}


@pytest.mark.parametrize(
    ("cents", "money"),
    [(0, "0.00"), (1, "0.01"), (11990, "119.90"), (-500, "-5.00"), (10**15 + 1, "10000000000000.01")],
)
def test_cents_become_exact_money(cents: int, money: str) -> None:
    assert order_document(ORDER | {"value": cents})["order"]["total"] == money


def test_a_whole_decimal_is_an_integer_and_a_nul_is_dropped() -> None:
    items = [{"id": "1", "quantity": Decimal("2.0"), "name": "a\x00b"}, {"quantity": Decimal("0.5")}]
    first, second = order_document(ORDER | {"items": items})["order"]["items"]
    assert (first["quantity"], first["name"], second["quantity"]) == (2, "ab", "0.5")
    assert isinstance(first["quantity"], int)


@pytest.mark.parametrize("missing", ["orderId", "status"])
def test_without_an_id_or_a_status_it_is_no_order(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        order_document({name: value for name, value in ORDER.items() if name != missing})


ODD: st.SearchStrategy[Any] = st.sampled_from([None, [], {}, "", "x", [None], 7, Decimal("1.5"), True])


@st.composite
def damaged(draw: st.DrawFn, value: Any = ORDER, depth: int = 0) -> Any:
    """The order with members dropped, set to null, or of another type."""
    if depth and draw(st.integers(0, 9)) == 0:
        return draw(ODD)
    if isinstance(value, dict):
        kept = [
            name for name in value if (not depth and name in {"orderId", "status"}) or draw(st.integers(0, 7))
        ]
        return {
            name: value[name]
            if not depth and name in {"orderId", "status"}
            else draw(damaged(value[name], depth + 1))
            for name in kept
        }
    if isinstance(value, list):
        return [draw(damaged(each, depth + 1)) for each in value]
    return value


@given(damaged())
@settings(deadline=None)
def test_whatever_else_is_missing_null_or_odd_the_order_is_mapped(order: dict[str, Any]) -> None:
    document = order_document(order)
    assert document["order"]["id"] == "1-01"
    assert numbers(document) == []
    json.dumps(document, allow_nan=False)


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_vtexs_own_example_is_mapped_whatever_of_it_is_missing_null_or_odd(
    example: dict[str, Any], data: st.DataObject
) -> None:
    document = order_document(data.draw(damaged(example)), vtex_order=True)
    assert document["order"]["id"] == example["orderId"]
    assert numbers(document) == []
    json.dumps(document, allow_nan=False)


@pytest.mark.parametrize("text", ["1_1", " 12", "x", "", "1e3", "٣"])
def test_a_text_that_is_no_plain_number_is_no_id(text: str) -> None:
    [item] = order_document(ORDER | {"items": [{"id": text}]})["order"]["items"]
    assert item["vtex_sku_id"] is None


@pytest.mark.parametrize("number", ["1E+999999", "1E-999999", "NaN", "Infinity"])
def test_a_number_that_no_amount_can_be_is_left_out(number: str) -> None:
    items = [{"id": "1", "quantity": Decimal(number), "unitMultiplier": Decimal("0.3500")}]
    order = order_document(ORDER | {"value": Decimal(number), "items": items})["order"]
    assert (order["total"], order["items"][0]["quantity"]) == (None, None)
    assert order["items"][0]["unit_multiplier"] == "0.3500"


def test_a_price_says_by_which_discounts_and_taxes_it_came_about() -> None:
    tags = [
        {"name": "discount@price-1#2", "value": -500, "isPercentual": False, "identifier": "1"},
        {"name": "TAX@MARKETPLACE", "value": 193, "isPercentual": False},
        {"name": "discount@shipping-1", "value": Decimal("-12.5"), "isPercentual": True},
        {"name": None, "value": 7},
        "as text",
    ]
    [item] = order_document(ORDER | {"items": [{"priceTags": tags}]})["order"]["items"]
    assert [(each["type"], each["value"], each["percentage"]) for each in item["price_tags"]] == [
        ("discount", "-5.00", None),
        ("tax", "1.93", None),
        ("discount", None, "-12.5"),
        ("other", "0.07", None),
    ]


def test_brazils_payment_fields_are_read_in_the_singular_too() -> None:
    fields = {"marketplacePaymentMethod": "Pix", "marketplacePaymentCnpjAcquirer": "11.222.333/0001-44"}
    custom = {
        "customApps": [{"id": "integration-marketplace-dafiti", "fields": fields}, None],
        "customFields": None,
    }
    [paid] = order_document(ORDER | {"customData": custom})["order"]["custom_data"]["marketplace_payments"]
    assert (paid["app"], paid["methods"]) == ("integration-marketplace-dafiti", "Pix")
    assert (paid["acquirer_cnpjs"], paid["card_brands"]) == ("11.222.333/0001-44", None)


def test_a_kit_and_what_was_written_on_an_item_are_told() -> None:
    kit = {
        "components": [{"id": "7", "refId": "PART", "quantity": 2, "price": 150}],
        "attachments": [{"name": "Engraving", "content": {"text": "Ana"}}],
        "itemAttachment": {"name": None, "content": {}},
    }
    [item] = order_document(ORDER | {"items": [kit]})["order"]["items"]
    [part] = item["components"]
    assert (part["sku"], part["vtex_sku_id"], part["quantity"], part["price"]) == ("PART", 7, 2, "1.50")
    assert item["attachments"] == [{"name": "Engraving", "content": {"text": "Ana"}}]


def test_a_pickup_point_and_a_delivery_window_are_told() -> None:
    window = {"startDateUtc": "2026-11-27T12:00:00Z", "endDateUtc": "2026-11-27T14:00:00Z", "price": 500}
    point = {"isPickupStore": True, "friendlyName": "Botafogo", "address": {"city": "Rio de Janeiro"}}
    info = {"deliveryWindow": window, "pickupPointId": "1_RJ", "pickupStoreInfo": point}
    shipping = {"shippingData": {"logisticsInfo": [info]}}
    [delivery] = order_document(ORDER | shipping)["order"]["shipping"]["deliveries"]
    assert delivery["window"]["price"] == "5.00"
    assert (delivery["pickup_point"]["id"], delivery["pickup_point"]["name"]) == ("1_RJ", "Botafogo")
    assert delivery["pickup_point"]["address"]["city"] == "Rio de Janeiro"
