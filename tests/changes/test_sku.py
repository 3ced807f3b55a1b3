"""sku, through both codecs."""

from typing import Any

import pytest

from tests.changes.conftest import Starting
from tests.changes.steps import PRODUCT, SKU, SKUS, as_staff, calls, deliver, end, record, sku_in_store
from tests.running import RunningBridge, RunningSandbox


async def test_without_measures_a_sku_cannot_be_created(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT)
    event = await end(either, "sku", {"code": "S1", "product": "P1", "packaged_height": "1"}, "failed")
    assert event["why"].endswith("send also: name, packaged_length, packaged_width, packaged_weight")
    assert (await sandbox.state())["skus"] == []


async def test_without_a_product_a_sku_cannot_be_created(either: RunningBridge) -> None:
    change = {name: value for name, value in SKU.items() if name != "product"}
    assert (await end(either, "sku", change, "failed"))["why"].endswith("send also: product")


async def test_a_sku_waits_for_its_product_by_name(either: RunningBridge, sandbox: RunningSandbox) -> None:
    event = await end(either, "sku", SKU, "waiting")
    assert event["why"].startswith("product P1 is not in VTEX yet; it is sent as soon as the product is")
    await deliver(either, "product", PRODUCT)
    await either.reaches(event["id"], "delivered")
    assert (await record(sandbox, "skus"))["ProductId"] == 1


async def test_a_sku_finds_a_product_that_staff_made(either: RunningBridge, sandbox: RunningSandbox) -> None:
    body = {"Name": "By staff", "CategoryId": 1, "BrandId": 1, "RefId": "P1"}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/product", body)
    await deliver(either, "sku", SKU)
    assert (await record(sandbox, "skus"))["ProductId"] == 1


async def test_a_new_sku_is_inactive(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    assert (await record(sandbox, "skus"))["IsActive"] is False


async def test_a_sku_that_exists_by_its_code_is_adopted(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT)
    sizes = {"PackagedHeight": 1, "PackagedLength": 1, "PackagedWidth": 1, "PackagedWeightKg": 1}
    await as_staff(sandbox, "POST", SKUS, {"ProductId": 1, "Name": "By staff", "RefId": "S1"} | sizes)
    await deliver(either, "sku", {"code": "S1", "packaged_height": "9"})
    sku = await record(sandbox, "skus")
    assert (sku["Id"], sku["Name"], sku["PackagedHeight"]) == (1001, "By staff", 9)


async def test_what_staff_edited_by_hand_survives_an_update(
    either: RunningBridge, sandbox: RunningSandbox, catalog: str
) -> None:
    await sku_in_store(either)
    await sandbox.control("skus/S1/enrich", {"activate": True})
    edited: dict[str, Any] = {
        "CommercialConditionId": 3,
        "RewardValue": 1.25,
        "ManufacturerCode": "BY-STAFF",
        "MeasurementUnit": "kg",
        "UnitMultiplier": 2.5,
        "ModalType": "FURNITURE",
        "EstimatedDateArrival": "2026-12-01T00:00:00",
        "CubicWeight": 0.75,
        "Height": 7.5,
        "KitItensSellApart": True,
    }
    if catalog == "rest":
        # The webservice has no videos.
        edited |= {"Videos": ["https://example.com/film"]}
    template = await as_staff(sandbox, "GET", f"{SKUS}/1001")
    body = {name: value for name, value in template.items() if value is not None and name != "Id"}
    body |= {"PackagedWeightKg": 1500}
    await as_staff(sandbox, "PUT", f"{SKUS}/1001", body | edited)
    before = await record(sandbox, "skus")
    assert before["IsActive"] is True
    await deliver(either, "sku", {"code": "S1", "packaged_height": "11"})
    assert await record(sandbox, "skus") == before | {"PackagedHeight": 11}


async def test_null_clears_and_an_absent_field_says_nothing(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT)
    await deliver(either, "sku", SKU | {"height": "5", "weight": "1", "manufacturer_code": "M"})
    await deliver(either, "sku", {"code": "S1", "height": None, "manufacturer_code": None})
    sku = await record(sandbox, "skus")
    assert (sku["Height"], sku["ManufacturerCode"], sku["WeightKg"]) == (0, "", 1000)


async def test_eans_are_matched_and_null_opinion_leaves_them(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT)
    await deliver(either, "sku", SKU | {"eans": ["7891234567895", "7891234567888"]})
    await deliver(either, "sku", {"code": "S1", "eans": ["7891234567888", "40170725"]})
    assert (await record(sandbox, "skus"))["Eans"] == ["7891234567888", "40170725"]
    await deliver(either, "sku", {"code": "S1", "packaged_height": "3"})
    assert (await record(sandbox, "skus"))["Eans"] == ["7891234567888", "40170725"]


async def test_an_ean_that_staff_added_stays_while_the_erp_names_none(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    await as_staff(sandbox, "POST", f"{SKUS}/1001/ean/7891234567895")
    await deliver(either, "sku", {"code": "S1", "packaged_height": "3"})
    assert (await record(sandbox, "skus"))["Eans"] == ["7891234567895"]


async def test_an_empty_list_of_eans_removes_them_all(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await deliver(either, "product", PRODUCT)
    await deliver(either, "sku", SKU | {"eans": ["7891234567895"]})
    await deliver(either, "sku", {"code": "S1", "eans": []})
    assert (await record(sandbox, "skus"))["Eans"] == []


async def test_an_unwanted_ean_goes_only_after_the_wanted_one_is_there(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(bridge, "product", PRODUCT)
    await deliver(bridge, "sku", SKU | {"eans": ["7891234567895"]})
    await sandbox.control(
        "faults", {"action": "status", "status": 400, "method": "POST", "path_regex": "/ean/"}
    )
    await end(bridge, "sku", {"code": "S1", "eans": ["40170725"]}, "failed")
    assert (await record(sandbox, "skus"))["Eans"] == ["7891234567895"]
    assert await calls(sandbox, "DELETE", "/ean/") == []


UNITS = [
    ({"weight_unit": "kg", "length_unit": "m"}, "1.5", "0.2", 1500, 20),
    ({"weight_unit": "g", "length_unit": "mm"}, "1500", "205", 1500, 20.5),
    ({"weight_unit": "kg", "length_unit": "cm"}, "0.3", "12.3456", 300, 12.3456),
    ({"weight_unit": "kg", "length_unit": "cm"}, "1.2345", "1", 1235, 1),
    ({"weight_unit": "kg", "length_unit": "cm"}, "0.0001", "1", 1, 1),
    ({"weight_unit": "g", "length_unit": "cm"}, "0.4", "1", 1, 1),
]


@pytest.mark.parametrize(("units", "weight", "length", "grams", "centimetres"), UNITS)
async def test_units_are_converted_and_the_packaged_weight_is_whole(
    starting: Starting,
    sandbox: RunningSandbox,
    catalog: str,
    units: dict[str, str],
    weight: str,
    length: str,
    grams: int,
    centimetres: float,
) -> None:
    async with starting(vtex={"catalog": catalog, **units}) as bridge:
        await deliver(bridge, "product", PRODUCT)
        await deliver(bridge, "sku", SKU | {"packaged_weight": weight, "packaged_length": length})
    sku = await record(sandbox, "skus")
    assert (sku["PackagedWeightKg"], sku["PackagedLength"]) == (grams, centimetres)


async def test_a_store_in_kilograms_keeps_its_fractions(starting: Starting, sandbox: RunningSandbox) -> None:
    """VTEX's schema calls the weight an integer; rounding here would invent one."""
    async with starting(vtex={"catalog": "webservice", "store_weight_unit": "kg"}) as bridge:
        await deliver(bridge, "product", PRODUCT)
        await deliver(bridge, "sku", SKU | {"packaged_weight": "0.3"})
    assert (await record(sandbox, "skus"))["PackagedWeightKg"] == 0.3
