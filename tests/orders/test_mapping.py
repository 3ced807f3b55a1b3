"""VTEX's order as the ERP gets it: exact money, no floats, and nothing missing keeps it from the ERP."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.orders.mapping import order_document
from app.sandbox.order_document import CLIENT

_BESIDE_THE_REPOSITORY = Path(__file__).parents[3] / "shared" / "vtex" / "openapi"
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    """VTEX's own example of GET order."""
    folder = Path(os.environ.get("VTEX_OPENAPI_DIR") or _BESIDE_THE_REPOSITORY)
    file = folder / "vtex-orders.json"
    if not file.exists():
        pytest.skip("VTEX's OpenAPI files are missing: set VTEX_OPENAPI_DIR")
    operation = _decode(file.read_bytes())["paths"]["/api/oms/pvt/orders/{orderId}"]["get"]
    content = operation["responses"]["200"]["content"]["application/json"]
    found: dict[str, Any] = content.get("example") or next(iter(content["examples"].values()))["value"]
    return found


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
