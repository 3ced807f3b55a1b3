"""Which fields the ERP keeps in express mode can be configured, kind by kind."""

from typing import Any

import pytest

from app.bridge import bridge
from app.config import parse
from app.errors import ConfigurationError
from tests.changes.conftest import Starting
from tests.changes.steps import PRICES, as_staff, deliver, record, sku_in_store
from tests.running import RunningSandbox, configuration

EXPRESS: dict[str, Any] = {"mode": "express", "defaults": {"category_id": 1, "brand_id": 1}}
PRODUCT = {"code": "P", "name": "Of the ERP", "brand_id": 1, "category_id": 1, "description": "Of the ERP"}


@pytest.mark.parametrize(
    ("owned", "mistake"),
    [
        ({"produkt": ["name"]}, "vtex.express_owns.produkt: there is no such kind of state"),
        ({"invoice": ["order"]}, "vtex.express_owns.invoice: there is no such kind of state"),
        ({"product": ["nome"]}, "vtex.express_owns.product: a product has no field nome"),
    ],
)
async def test_an_unknown_kind_or_field_stops_the_start(
    migrated_sqlite_url: str, owned: dict[str, list[str]], mistake: str
) -> None:
    settings = parse(
        configuration(migrated_sqlite_url, "http://127.0.0.1:9", vtex=EXPRESS | {"express_owns": owned})
    )
    with pytest.raises(ConfigurationError, match=mistake):
        async with bridge(settings):
            pass


async def test_a_named_field_is_written_and_the_others_stay_the_teams(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    owned = {"express_owns": {"product": ["name", "category"]}, "catalog": catalog}
    async with starting(vtex=EXPRESS | owned) as running:
        [first] = await running.post("product", PRODUCT)
        await running.reaches(first, "delivered")
        change = {"code": "P", "name": "Renamed", "description": "Rewritten"}
        [second] = await running.post("product", change)
        await running.reaches(second, "delivered")
        [product] = (await sandbox.state())["products"]
    assert (product["Name"], product["Description"]) == ("Renamed", "Of the ERP")


async def test_of_a_price_that_is_there_only_the_named_fields_are_written(
    starting: Starting, sandbox: RunningSandbox
) -> None:
    owned = {"express_owns": {"price": ["base"]}}
    async with starting(vtex=EXPRESS | owned) as running:
        await sku_in_store(running)
        first = {"sku": "S1", "base": "10", "list_price": "12"}
        await deliver(running, "price", first)
        assert (await record(sandbox, "prices"))["listPrice"] == 12
        by_hand = [{"tradePolicyId": "1", "value": 7, "minQuantity": 1}]
        await as_staff(sandbox, "PATCH", f"{PRICES}/1001/fixed", by_hand)
        removal = [{"trade_policy": "1", "value": None}]
        await deliver(running, "price", first | {"base": "11", "list_price": "13", "fixed_prices": removal})
        stored = await record(sandbox, "prices")
        assert (stored["basePrice"], stored["listPrice"], len(stored["fixedPrices"])) == (11, 12, 1)
        await deliver(running, "price", {"sku": "S1", "list_price": "14"})
    assert (await record(sandbox, "prices"))["listPrice"] == 12


async def test_of_stock_the_quantity_is_always_the_erps(starting: Starting, sandbox: RunningSandbox) -> None:
    stock = {"sku": "S1", "warehouse": "1_1"}
    async with starting(vtex=EXPRESS | {"express_owns": {"stock": []}}) as running:
        await sku_in_store(running)
        by_hand = {"quantity": 1, "unlimitedQuantity": True, "leadTime": "3.06:00:00"}
        await as_staff(sandbox, "PUT", "/api/logistics/pvt/inventory/skus/1001/warehouses/1_1", by_hand)
        said = {"quantity": 7, "unlimited": False, "lead_time": "1.00:00:00"}
        await deliver(running, "stock", stock | said)
        stored = await record(sandbox, "inventory")
        assert (stored["hasUnlimitedQuantity"], stored["leadTime"]) == (True, "3.06:00:00")
    [written] = await sandbox.effects("stock.patched")
    assert written["effect"]["quantity"] == 7
