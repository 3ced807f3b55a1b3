"""The REST contract refuses each kind of mistake, and accepts what VTEX documents."""

import json
from typing import Any

import pytest

from tests.contract.rest import RestContract
from tests.contract.violation import ContractViolation

KEYS = {"X-VTEX-API-AppKey": "key", "X-VTEX-API-AppToken": "token"}
HEADERS = {**KEYS, "Content-Type": "application/json; charset=utf-8"}
SKUS = "/api/catalog/pvt/stockkeepingunit"
PRICE = "/acme/pricing/prices/1"
STOCK = "/api/logistics/pvt/inventory/skus/1/warehouses/1_1"
PRODUCT = "/api/catalog/pvt/product"
BY_CODE = "/api/catalog_system/pvt/products/productgetbyrefid"
ORDER = "/api/oms/pvt/orders/v1-01"
SKU = {
    "ProductId": 1,
    "Name": "Vase",
    "PackagedHeight": 10,
    "PackagedLength": 10.5,
    "PackagedWidth": 10,
    "PackagedWeightKg": 550,
}
INVOICE = {
    "type": "Output",
    "issuanceDate": "2026-01-01T00:00:00Z",
    "invoiceNumber": "1",
    "invoiceValue": "2499",
    "items": [{"id": "1", "price": 2499, "quantity": 1}],
}
FEED = {
    "filter": {"type": "FromWorkflow", "status": ["ready-for-handling"]},
    "queue": {"visibilityTimeoutInSeconds": 240, "MessageRetentionPeriodInSeconds": 345600},
}
HOOK = {"filter": FEED["filter"], "hook": {"url": "https://bridge.example", "headers": {"X-Secret": "s"}}}
FIXED = {"tradePolicyId": "1", "value": 9.5, "minQuantity": 1}
QUANTITY = {"quantity": 5, "unlimitedQuantity": False}
IMAGE = {"Name": "front", "Url": "https://images.example/front.jpg", "IsMain": True, "Text": None}


def check(contract: RestContract, method: str, target: str, body: Any = None, **headers: str) -> None:
    path, _, query = target.partition("?")
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    contract.check(method, path, query, headers or HEADERS, content)


REFUSED: dict[str, tuple[str, str, Any, str]] = {
    "unknown path": ("GET", "/api/catalog/pvt/sku/1", None, "no operation"),
    "trailing slash": ("GET", f"{SKUS}/1/", None, "no operation"),
    "price without account": ("GET", "/pricing/prices/1", None, "account"),
    "price prefix twice": ("GET", "/acme/pricing/pricing/prices/1", None, "no operation"),
    "order id with a slash": ("GET", "/api/oms/pvt/orders/a/b", None, "no operation"),
    "unknown method": ("PATCH", SKUS, {}, "knows GET, POST only"),
    "literal path has no DELETE": ("DELETE", f"{SKUS}/1/file/reorder", None, "knows PUT only"),
    "path of another type": ("GET", f"{SKUS}/None", None, "path skuId"),
    "SKU id with leading zeros": ("GET", "/acme/pricing/prices/007", None, "path itemId"),
    "value outside the path's enum": ("POST", "/api/price-importer/pvt/import/x", {}, "path importType"),
    "undeclared query": ("GET", f"{ORDER}?full=1", None, "query full is not declared"),
    "case of a query": ("GET", "/api/orders/feed?maxLot=1", None, "query maxLot is not declared"),
    "missing query": ("GET", "/api/orders/feed", None, "query maxlot is required"),
    "empty query": ("GET", "/api/orders/feed?maxlot=", None, "query maxlot is required"),
    "query of another type": ("GET", f"{SKUS}kit?skuId=x", None, "query skuId"),
    "repeated query": ("GET", "/api/orders/feed?maxlot=1&maxlot=2", None, "query maxlot is repeated"),
    "missing body": ("POST", f"{ORDER}/invoice", None, "the body is missing"),
    "body where none is declared": ("POST", f"{ORDER}/start-handling", {}, "none is declared"),
    "broken JSON": ("POST", SKUS, b"{", "no JSON"),
    "not UTF-8": ("POST", SKUS, b'"\xff"', "no JSON"),
    "NaN": ("PUT", PRICE, b'{"basePrice": NaN}', "NaN is no JSON number"),
    "repeated key": ("PUT", PRICE, b'{"basePrice": 1, "basePrice": 2}', "repeated keys"),
    "null body": ("PUT", PRICE, b"null", "None"),
    "unknown key": ("POST", SKUS, {**SKU, "ProductID": 1}, "'ProductID' was unexpected"),
    "Ean, which only the guide has": ("POST", SKUS, {**SKU, "Ean": "1"}, "'Ean' was unexpected"),
    "unknown key in depth": ("PATCH", f"{PRICE}/fixed", [{**FIXED, "policy": 1}], "'policy' was unexpected"),
    "missing key": ("POST", SKUS, {"Name": "Vase"}, "'ProductId' is a required property"),
    "text for a number": ("PUT", PRICE, {"basePrice": "9.50"}, "/basePrice"),
    "true for a number": ("PUT", PRICE, {"basePrice": True}, "/basePrice"),
    "fraction for an integer": ("POST", SKUS, {**SKU, "PackagedWeightKg": 550.5}, "/PackagedWeightKg"),
    "beyond int32": (
        "PUT",
        STOCK,
        {"quantity": float(2**31), "unlimitedQuantity": False, "leadTime": "1.00:00:00"},
        "/quantity",
    ),
    "null that is not nullable": ("PUT", PRICE, {"basePrice": 1, "listPrice": None}, "/listPrice"),
    "value outside an enum": ("POST", SKUS, {**SKU, "MeasurementUnit": "litre"}, "/MeasurementUnit"),
    "two shapes of a product": (
        "POST",
        PRODUCT,
        {"Name": "Vase", "CategoryPath": "Home", "BrandId": 1},
        "none of the 2 shapes",
    ),
    "invoice value as number": ("POST", f"{ORDER}/invoice", {**INVOICE, "invoiceValue": 1}, "Value"),
    "hook header that is no text": (
        "POST",
        "/api/orders/hook/config",
        {**HOOK, "hook": {"url": "https://bridge.example", "headers": {"X-Secret": 1}}},
        "X-Secret",
    ),
}  # fmt: skip

ACCEPTED: dict[str, tuple[str, str, Any]] = {
    "SKU": ("POST", SKUS, SKU),
    "SKU with VTEX's own 550.0": ("POST", SKUS, json.dumps({**SKU, "PackagedWeightKg": 550.0}).encode()),
    "SKU by RefId": ("GET", f"{SKUS}?RefId=A%20B", None),
    "product by ids": ("POST", PRODUCT, {"Name": "Vase", "CategoryId": 1, "BrandId": 2}),
    "product by names": ("POST", PRODUCT, {"Name": "Vase", "CategoryPath": "A/B", "BrandName": "C"}),
    "product by a code with a slash": ("GET", f"{BY_CODE}/A%2FB", None),
    "EAN without a body": ("POST", f"{SKUS}/1/ean/7891234567895", None),
    "image": ("POST", f"{SKUS}/1/file", IMAGE),
    "images reordered": ("PUT", f"{SKUS}/1/file/reorder", [{"Id": 1, "Position": 0}]),
    "image replaced": ("PUT", f"{SKUS}/1/file/7", IMAGE),
    "refs": ("POST", "/api/catalog_system/pub/sku/stockkeepingunitidsbyrefids", ["A", "B"]),
    "price": ("PUT", PRICE, {"basePrice": 550.0, "markup": 0, "fixedPrices": [FIXED]}),
    "fixed price": ("PATCH", f"{PRICE}/fixed", [FIXED]),
    "stock": ("PATCH", f"{STOCK}/quantity", QUANTITY),
    "stock with lead time": ("PUT", STOCK, {**QUANTITY, "leadTime": "3.06:00:00"}),
    "batch inventory": ("POST", "/acme/availability/v1/inventory/batch", None),
    "orders": ("GET", "/api/oms/pvt/orders?f_status=handling&page=1&per_page=100", None),
    "start handling": ("POST", f"{ORDER}/start-handling", None),
    "invoice": ("POST", f"{ORDER}/invoice", {**INVOICE, "trackingNumber": None}),
    "tracking": (
        "PATCH",
        f"{ORDER}/invoice/1",
        {"trackingNumber": "T", "trackingUrl": None, "courier": None, "dispatchedDate": None},
    ),
    "tracking event": (
        "PUT",
        f"{ORDER}/invoice/1/tracking",
        {"isDelivered": False, "deliveredDate": None, "events": []},
    ),
    "cancellation": ("POST", f"{ORDER}/cancel", {"reason": "lost"}),
    "denial": (
        "POST",
        "/api/orders/pvt/document/v1-01/deny-cancellation-request",
        {"cancellationRequestId": "a", "denyReason": "sent"},
    ),
    "feed": ("POST", "/api/orders/feed/config", FEED),
    "feed items": ("GET", "/api/orders/feed?maxlot=10", None),
    "hook with headers of our own": ("POST", "/api/orders/hook/config", HOOK),
    "bulk prices": (
        "POST",
        "/api/price-importer/pvt/import/base-prices?output=none",
        {"contentType": "text/csv", "contentLengthBytes": 10},
    ),
    "transaction": ("GET", "/api/pvt/transactions/A3BDE325/payments/B075A551", None),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(rest_contract: RestContract, name: str) -> None:
    method, target, body, reason = REFUSED[name]

    with pytest.raises(ContractViolation) as caught:
        check(rest_contract, method, target, body)

    assert reason in str(caught.value)


@pytest.mark.parametrize("header", KEYS)
def test_a_missing_credential_is_refused(rest_contract: RestContract, header: str) -> None:
    headers = {name: value for name, value in KEYS.items() if name != header}

    with pytest.raises(ContractViolation, match=header.lower()):
        check(rest_contract, "GET", ORDER, **headers)


@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=latin-1", ""])
def test_a_body_of_another_content_type_is_refused(rest_contract: RestContract, content_type: str) -> None:
    with pytest.raises(ContractViolation, match="Content-Type"):
        check(rest_contract, "POST", SKUS, SKU, **{**KEYS, "Content-Type": content_type})


def test_every_mistake_is_named(rest_contract: RestContract) -> None:
    with pytest.raises(ContractViolation) as caught:
        check(rest_contract, "POST", f"{SKUS}?x=1", {**SKU, "Name": 1, "foo": 1}, accept="*/*")

    assert len(caught.value.mistakes) == 4  # query, both keys, and no Content-Type to read the body by


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(rest_contract: RestContract, name: str) -> None:
    check(rest_contract, *ACCEPTED[name])


def test_header_names_have_no_case(rest_contract: RestContract) -> None:
    check(rest_contract, "GET", ORDER, **{name.lower(): value for name, value in KEYS.items()})


def test_every_declared_body_compiles(rest_contract: RestContract) -> None:
    bodies = [operation for operation in rest_contract.operations() if operation.declares_body]

    assert len(bodies) == 72  # one of them from a guide
    assert all(operation.body for operation in bodies)


def test_no_folder_no_contract(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("VTEX_OPENAPI_DIR", str(tmp_path / "missing"))

    assert RestContract.load() is None
