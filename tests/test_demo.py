"""The demo: the whole day in a process of its own, and that its checks can say no."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app import demo
from app.demo.checks import Check, Seen, compare
from app.demo.erp import Said
from app.demo.goods import DARK, PRODUCT, PRODUCT_CODE, SKUS, STAFF_PRODUCT
from app.demo.timeline import Outcome, Timeline

ORDER = "1400000500001-01"
_SECONDS = 120


def test_the_day_ends_as_the_erp_said() -> None:
    # A setting of the bridge that this shell runs, and a proxy: neither may reach the play.
    foreign = {
        "BRIDGE_DATABASE_URL": "postgresql://nowhere.invalid/bridge",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "app", "demo", "--once"]
    environment = os.environ | foreign | {"COLUMNS": "200"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        out, err = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()
        out, err = process.communicate(timeout=30)
        pytest.fail(f"the demo took longer than {_SECONDS} s:\n{out}{err}")
    assert process.returncode == 0, out + err
    assert err == ""
    for line in (
        'catalog = "rest"',
        'catalog = "webservice"',
        "is waiting: SKU 00123456 is not in VTEX yet",
        "is waiting: product 1234567890 is not in VTEX yet",
        "422 The change is not valid: /base: ",
        "the store still has 3 active SKUs, 3 pictures, 1 club price",
        "unchanged, 0 calls to VTEX",
        # By its own attempt, or by the pause that this began.
        "price 00123458 is retrying: VTEX pricing ",
        f"order {ORDER}: ",
        f"invoice {ORDER}/24382 delivered; the order is invoiced in the store",
        "All is right",
    ):
        assert line in out
    assert len(set(re.findall(r"(\d+) of \1 checks are right", out))) == 1
    assert "✗" not in out


@pytest.fixture
def said() -> Said:
    price = {"sku": DARK, "base": "115.00", "list_price": "150.00"}
    stock = {"sku": DARK, "warehouse": "1_1", "quantity": 25}
    invoice = {"order": ORDER, "number": "24382", "tracking_number": "BR1"}
    wanted: dict[tuple[str, str], dict[str, Any]] = {
        ("product", PRODUCT_CODE): PRODUCT,
        ("sku", DARK): SKUS[0],
        ("price", DARK): price,
        ("stock", f"{DARK}@1_1"): stock,
        ("invoice", f"{ORDER}/24382"): invoice,
    }
    return Said(wanted, ["e1"])


@pytest.fixture
def seen() -> Seen:
    """As the sandbox shows what `said` says."""
    fixed = {"tradePolicyId": "2", "value": Decimal("99.9"), "minQuantity": 1}
    price = {"basePrice": 115, "listPrice": Decimal(150), "fixedPrices": [fixed]}
    package = {"invoiceNumber": "24382", "trackingNumber": "BR1"}
    state: dict[str, Any] = {
        "products": [_product()],
        "skus": [_sku()],
        "prices": [{"itemId": "1001", **price}],
        "inventory": [{"skuId": "1001", "warehouseId": "1_1", "totalQuantity": 25}],
        "orders": [{"orderId": ORDER, "status": "invoiced", "packages": [package]}],
    }
    handled = {"effect": {"type": "order.start-handled", "order_id": ORDER}}
    told = {"webhook_id": "w1", "body": {"order": {"id": ORDER}}}
    erp = {"received": [told], "deliveries": [{"webhook_id": "w1", "status": 200}]}
    event = {"id": "e1", "kind": "price", "key": DARK, "status": "delivered", "why": None}
    return Seen(state, [handled], erp, [event], [ORDER], ['{"level": "info", "event": "started"}'])


def _product() -> dict[str, Any]:
    texts = {
        "Name": PRODUCT["name"],
        "Description": PRODUCT["description"],
        "DescriptionShort": PRODUCT["short_description"],
        "KeyWords": PRODUCT["keywords"],
        "Title": PRODUCT["title"],
        "MetaTagDescription": PRODUCT["meta_description"],
    }
    return {"Id": 1, "RefId": PRODUCT_CODE, "BrandId": 1, "CategoryId": 1} | texts | STAFF_PRODUCT


def _sku() -> dict[str, Any]:
    measures = {
        "PackagedHeight": 30,
        "PackagedLength": Decimal("22.5"),
        "PackagedWidth": Decimal("22.5"),
        "PackagedWeightKg": 2350,
        "Height": 25,
        "Length": 18,
        "Width": 18,
        "WeightKg": Decimal("1900.0"),
        "MeasurementUnit": "un",
        "UnitMultiplier": Decimal("1.0"),
    }
    identity = {"Id": 1001, "ProductId": 1, "RefId": DARK, "Name": SKUS[0]["name"]}
    return identity | {"Eans": SKUS[0]["eans"], "IsActive": True, "Images": [{"Id": 50001}]} | measures


def _differences(said: Said, seen: Seen) -> dict[str, list[str]]:
    return {check.name: check.differences for check in compare(said, seen) if not check.right}


def test_a_store_that_is_as_the_erp_said_has_no_differences(said: Said, seen: Seen) -> None:
    assert _differences(said, seen) == {}


TAMPERED: list[tuple[Callable[[Seen], object], str, str]] = [
    (
        lambda seen: seen.state["products"][0].update(Title="Vaso"),
        "product, field by field",
        "product 1234567890: Title is Vaso, the ERP said Vaso Artesanal de Barro Vermelho",
    ),
    (
        lambda seen: seen.state["products"].append(deepcopy(seen.state["products"][0])),
        "product, field by field",
        "the store has 2 records of product 1234567890",
    ),
    (
        lambda seen: seen.state["skus"][0].update(WeightKg=Decimal("1.9")),
        "SKUs, field by field",
        "SKU 00123456: WeightKg is 1.9, the ERP said 1900.0",
    ),
    (
        lambda seen: seen.state["skus"][0].update(ProductId=2),
        "SKUs, field by field",
        "SKU 00123456: belongs to product id 2, the ERP said 1234567890",
    ),
    (
        lambda seen: seen.state["prices"][0].update(basePrice=Decimal("115.01")),
        "prices",
        "price of 00123456: basePrice is 115.01, the ERP said 115.00",
    ),
    (
        lambda seen: seen.state["inventory"].clear(),
        "stock (physical totals)",
        "stock of 00123456: None in the store, the ERP said 25",
    ),
    (
        lambda seen: seen.state["skus"][0].update(IsActive=False),
        "the store team's work survived",
        "SKU 00123456: inactive with 1 images",
    ),
    (
        lambda seen: seen.state["prices"][0].update(fixedPrices=[]),
        "the store team's work survived",
        "price of 00123456: the team's price for policy 2 is None",
    ),
    (
        lambda seen: seen.state["orders"][0].update(status="handling"),
        "order invoiced, with number and tracking",
        f"order {ORDER} is handling in the store, not invoiced",
    ),
    (
        lambda seen: seen.erp["received"].append(seen.erp["received"][0] | {"webhook_id": "w2"}),
        "one callback per order, one webhook-id",
        f"order {ORDER} was told to the ERP under 2 webhook-ids",
    ),
    (
        lambda seen: seen.erp["deliveries"].append({"webhook_id": "w3", "status": 500}),
        "one callback per order, one webhook-id",
        "callbacks that the ERP never took in: w3",
    ),
    (
        lambda seen: seen.journal.append(seen.journal[0]),
        "handling started exactly once",
        f"handling of order {ORDER} was started 2 times",
    ),
    (
        lambda seen: seen.events[0].update(status="failed", why="VTEX refused it"),
        "every event came to a good end",
        "price 00123456 is failed: VTEX refused it",
    ),
    (
        lambda seen: seen.events.clear(),
        "every event came to a good end",
        "accepted, but not among the events: e1",
    ),
    (
        lambda seen: seen.log.append('{"level": "error", "logger": "app.x", "event": "delivery.bug"}'),
        "no error in the bridge's log",
        "app.x: delivery.bug",
    ),
]


@pytest.mark.parametrize(("tamper", "check", "difference"), TAMPERED)
def test_every_difference_is_named(
    said: Said, seen: Seen, tamper: Callable[[Seen], object], check: str, difference: str
) -> None:
    tamper(seen)
    found = _differences(said, seen)
    assert difference in found[check]


@pytest.mark.parametrize(("differences", "code"), [([], 0), (["Title is Vaso"], 1)])
def test_a_difference_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    differences: list[str],
    code: int,
) -> None:
    def play_round(
        _stack: ExitStack, _timeline: Timeline, _directory: Path, catalog: str
    ) -> tuple[Outcome, None]:
        return Outcome(catalog, {}, [Check("product", differences)]), None

    monkeypatch.setattr(demo, "play_round", play_round)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert demo.play(once=True) == code
    assert ("✗ webservice: product: Title is Vaso" in capsys.readouterr().out) is bool(code)
    # What went wrong can be looked at; what went right leaves nothing behind.
    assert len(list(tmp_path.iterdir())) == code
