"""A product's brand, category and trade policies: by the ERP's codes, awaited, matched."""

from typing import Any

import pytest

from app.changes.product import fold_product
from app.queue.folding import Registers, Saying
from tests.changes.conftest import Starting
from tests.changes.steps import PRODUCT, calls, deliver, end, record
from tests.running import RunningBridge, RunningSandbox

CODED = {"code": "P1", "name": "Vaso de Barro", "brand": "DUBOM", "category": "BARRO"}
BRAND = {"code": "DUBOM", "name": "DuBom"}
CATEGORY = {"code": "BARRO", "name": "Barro"}


def desired(*changes: tuple[dict[str, Any], str]) -> dict[str, Any]:
    """The sum of changes, each said at its moment, in this order of arrival."""
    registers = Registers()
    for change, moment in changes:
        fold_product(registers, change, Saying(moment, given=True))
    return registers.desired


@pytest.mark.parametrize("name", ["brand", "category"])
async def test_a_code_and_an_id_together_are_refused(bridge: RunningBridge, name: str) -> None:
    body = {"code": "P1", name: "X", f"{name}_id": 1}
    answer = await bridge.client.post("/v1/changes/product", json=body)
    assert answer.status_code == 422
    assert f"send {name} or {name}_id, one of them" in answer.text


def test_of_a_code_and_an_id_the_later_said_counts() -> None:
    code, vtex_id = {"brand": "X"}, {"brand_id": 7}
    assert desired((code, "1"), (vtex_id, "2")) == vtex_id
    assert desired((vtex_id, "1"), (code, "2")) == code
    assert desired((vtex_id, "2"), (code, "1")) == vtex_id


async def test_a_product_waits_for_its_brand_and_its_category(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    event = await end(either, "product", CODED, "waiting")
    assert event["why"].startswith("brand DUBOM is not in VTEX yet; it is sent as soon as the brand is")
    await deliver(either, "brand", BRAND)
    await deliver(either, "category", CATEGORY)
    await either.reaches(event["id"], "delivered")
    product, state = await record(sandbox, "products"), await sandbox.state()
    assert product["BrandId"] == next(each["Id"] for each in state["brands"] if each["Name"] == "DuBom")
    assert product["CategoryId"] == state["categories"][-1]["Id"]


async def test_a_code_replaces_an_id_that_was_sent_before(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT)
    await deliver(either, "category", CATEGORY)
    await deliver(either, "product", {"code": "P1", "category": "BARRO"})
    product = await record(sandbox, "products")
    # The department follows the category.
    assert (product["CategoryId"], product["DepartmentId"]) == (2, 2)


async def test_express_mode_awaits_no_brand_and_no_category(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    express = {"catalog": catalog, "mode": "express", "defaults": {"category_id": 1, "brand_id": 1}}
    async with starting(vtex=express) as bridge:
        await deliver(bridge, "product", CODED)
    product = await record(sandbox, "products")
    assert (product["BrandId"], product["CategoryId"]) == (1, 1)


async def test_no_trade_policy_is_refused(bridge: RunningBridge) -> None:
    answer = await bridge.client.post("/v1/changes/product", json=PRODUCT | {"trade_policies": []})
    assert answer.status_code == 422


async def test_trade_policies_are_those_that_the_erp_names(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT | {"trade_policies": [2, 3]})
    assert (await record(sandbox, "products"))["SalesPolicies"] == [2, 3]
    await deliver(either, "product", {"code": "P1", "trade_policies": [1, 3]})
    assert (await record(sandbox, "products"))["SalesPolicies"] == [1, 3]


async def test_trade_policies_that_the_erp_did_not_mention_stay(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT)
    sandbox.app.state.store.sales_policies[1] = {1, 4}
    await deliver(either, "product", {"code": "P1", "title": "T"})
    assert (await record(sandbox, "products"))["SalesPolicies"] == [1, 4]
    assert await calls(sandbox, "DELETE", "salespolicy") == []


async def test_the_legacy_fields_arrive_too(either: RunningBridge, sandbox: RunningSandbox) -> None:
    legacy = {"supplier_id": 4, "adwords_remarketing_code": "A", "lomadee_campaign_code": "L"}
    await deliver(either, "product", PRODUCT | legacy)
    product = await record(sandbox, "products")
    names = ("SupplierId", "AdWordsRemarketingCode", "LomadeeCampaignCode")
    assert [product[name] for name in names] == [4, "A", "L"]


async def test_in_express_mode_trade_policies_are_written_although_the_first_try_was_cut_off(
    starting: Starting, sandbox: RunningSandbox
) -> None:
    express = {"mode": "express", "defaults": {"category_id": 1, "brand_id": 1}}
    broken = {"action": "status", "status": 500, "method": "POST", "path_regex": "/salespolicy/"}
    async with starting(vtex=express) as bridge:
        await sandbox.control("faults", broken)
        await deliver(bridge, "product", PRODUCT | {"trade_policies": [1, 2]})
        assert (await record(sandbox, "products"))["SalesPolicies"] == [1, 2]
        # From now on they are the team's.
        await deliver(bridge, "product", {"code": "P1", "trade_policies": [1]})
    assert (await record(sandbox, "products"))["SalesPolicies"] == [1, 2]
    assert len(await sandbox.effects("product.created")) == 1
