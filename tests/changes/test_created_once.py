"""A create whose answer never came is read back: the store has one product and one SKU, whatever happened."""

import pytest

from tests.changes.conftest import Starting
from tests.changes.steps import PRODUCT, SKU, as_staff, deliver, record, sku_in_store
from tests.running import RunningBridge, RunningSandbox

CREATES = {
    "rest": {"method": "POST", "path_regex": "/pvt/(product|stockkeepingunit)$"},
    # A webservice's reads and writes have one address: the second call of an attempt is the write.
    "webservice": {"method": "POST", "path_regex": "/AdminWebService"},
}
AFTER_THE_EFFECT = [
    {"action": "delay_after", "seconds": 2},
    {"action": "reset_after"},
    {"action": "status_after", "status": 500},
    {"action": "status_after", "status": 504, "body": "<html>gateway</html>"},
]
BEFORE_THE_EFFECT = [{"action": "reset_before"}, {"action": "status", "status": 502}]


@pytest.mark.parametrize("fault", [*AFTER_THE_EFFECT, *BEFORE_THE_EFFECT], ids=lambda f: f["action"])
async def test_a_product_is_created_once(
    starting: Starting, sandbox: RunningSandbox, catalog: str, fault: dict[str, object]
) -> None:
    async with starting(vtex={"catalog": catalog, "timeout_seconds": 0.5}) as bridge:
        await sandbox.control("faults", {**CREATES[catalog], **fault, "times": 3})
        event = await deliver(bridge, "product", PRODUCT)
    assert "retrying" in {attempt["outcome"] for attempt in event["attempts"]}
    assert len((await sandbox.state())["products"]) == 1
    assert len(await sandbox.effects("product.created")) == 1


@pytest.mark.parametrize("fault", AFTER_THE_EFFECT, ids=lambda f: f["action"])
async def test_a_sku_is_created_once(
    starting: Starting, sandbox: RunningSandbox, catalog: str, fault: dict[str, object]
) -> None:
    async with starting(vtex={"catalog": catalog, "timeout_seconds": 0.5}) as bridge:
        await deliver(bridge, "product", PRODUCT)
        await sandbox.control("faults", {**CREATES[catalog], **fault, "times": 3})
        await deliver(bridge, "sku", SKU | {"eans": ["7891234567895"]})
    [sku] = (await sandbox.state())["skus"]
    assert sku["Eans"] == ["7891234567895"]
    assert len(await sandbox.effects("sku.created")) == 1


async def test_a_search_that_answers_a_login_page_creates_nothing(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    body = {"Name": "Typed by staff", "CategoryId": 1, "BrandId": 1, "RefId": "P1"}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/product", body)
    page = {"action": "status", "status": 200, "body": "<html>please log in", "times": 2}
    path = {"rest": "productgetbyrefid", "webservice": "/AdminWebService"}[catalog]
    await sandbox.control("faults", {**page, "path_regex": path})
    async with starting(vtex={"catalog": catalog}) as bridge:
        event = await deliver(bridge, "product", PRODUCT)
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["retrying", "retrying", "delivered"]
    assert (await record(sandbox, "products"))["Name"] == "Vaso de Barro"


async def test_a_product_deleted_in_vtex_is_created_again(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT)
    _delete_product(sandbox, 1)
    await deliver(either, "product", {"code": "P1", "title": "Again"})
    product = await record(sandbox, "products")
    assert (product["Id"], product["Name"], product["Title"]) == (2, "Vaso de Barro", "Again")


async def test_a_product_made_anew_by_staff_under_its_code_is_found_again(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT)
    _delete_product(sandbox, 1)
    body = {"Name": "By staff", "CategoryId": 1, "BrandId": 1, "RefId": "P1", "TaxCode": "T9"}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/product", body)
    await deliver(either, "product", {"code": "P1", "title": "Again"})
    product = await record(sandbox, "products")
    assert (product["Id"], product["TaxCode"], product["Title"]) == (2, "T9", "Again")


async def test_a_sku_deleted_in_vtex_is_created_again(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    store = sandbox.app.state.store
    del store.skus[1001], store.sku_by_ref["S1"]
    await deliver(either, "sku", {"code": "S1", "packaged_height": "11"})
    sku = await record(sandbox, "skus")
    assert (sku["Id"], sku["Name"], sku["PackagedHeight"]) == (1002, "Vaso Vermelho", 11)


def _delete_product(sandbox: RunningSandbox, number: int) -> None:
    """VTEX has no call for it; its support cleans up on request."""
    store = sandbox.app.state.store
    del store.product_by_ref[store.products.pop(number)["RefId"]]
