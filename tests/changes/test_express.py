"""Express mode: the ERP creates, the store's team completes, and both keep what is theirs."""

from collections.abc import AsyncIterator

import pytest

from tests.changes.conftest import Starting
from tests.changes.steps import PRODUCT, SKU, SKUS, as_staff, calls, deliver, end, record
from tests.running import RunningBridge, RunningSandbox

INTEGRATION = {"category_id": 1, "brand_id": 1}


@pytest.fixture
async def express(starting: Starting, catalog: str) -> AsyncIterator[RunningBridge]:
    vtex = {"catalog": catalog, "mode": "express", "defaults": INTEGRATION}
    async with starting(vtex=vtex) as running:
        yield running


async def test_even_express_needs_a_name(express: RunningBridge) -> None:
    event = await end(express, "product", {"code": "P1"}, "failed")
    assert event["why"].endswith("send also: name")


async def test_a_product_is_created_inactive_where_the_team_looks(
    express: RunningBridge, sandbox: RunningSandbox
) -> None:
    change = PRODUCT | {"brand_id": 77, "category_id": 88, "active": True, "title": "T"}
    await deliver(express, "product", change)
    product = await record(sandbox, "products")
    assert (product["BrandId"], product["CategoryId"], product["IsActive"]) == (1, 1, False)
    assert product["Title"] == "T"


async def test_what_the_team_made_of_a_product_is_never_written_again(
    express: RunningBridge, sandbox: RunningSandbox, catalog: str
) -> None:
    await deliver(express, "product", PRODUCT)
    await deliver(express, "sku", SKU)
    edited = {"Name": "By the team", "IsActive": True, "Title": "By the team"}
    await sandbox.control("skus/S1/enrich", {"product": edited, "activate": False})
    before = await record(sandbox, "products")
    await deliver(express, "product", PRODUCT | {"name": "From the ERP", "title": None, "active": False})
    assert await record(sandbox, "products") == before
    if catalog == "rest":
        assert await calls(sandbox, "PUT", "/product/") == []


async def test_the_teams_name_of_a_sku_survives_and_the_erps_measures_win(
    express: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(express, "product", PRODUCT)
    await deliver(express, "sku", SKU | {"eans": ["7891234567895"]})
    await sandbox.control("skus/S1/enrich", {"activate": True})
    template = await as_staff(sandbox, "GET", f"{SKUS}/1001")
    body = {name: value for name, value in template.items() if value is not None and name != "Id"}
    by_hand = {"Name": "By the team", "MeasurementUnit": "kg", "PackagedHeight": 99, "PackagedWeightKg": 9}
    await as_staff(sandbox, "PUT", f"{SKUS}/1001", body | by_hand)
    change = {"code": "S1", "name": "From the ERP", "measurement_unit": "m", "packaged_height": "12"}
    await deliver(express, "sku", change | {"eans": ["40170725"], "weight": "2"})
    sku = await record(sandbox, "skus")
    assert (sku["Name"], sku["MeasurementUnit"], sku["IsActive"]) == ("By the team", "kg", True)
    assert (sku["PackagedHeight"], sku["PackagedWeightKg"], sku["WeightKg"]) == (12, 1500, 2000)
    assert sku["Eans"] == ["40170725"]
